"""However a simulation ends, the real server is as idle afterwards as it was before."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psycopg
import pytest

from perfkit.errors import DeadlockError, SimulationError, VirtualTimeoutError
from perfkit.sim import run
from perfkit.sim.postgres import serve_postgres
from tests.postgres import postgres
from tests.sim.postgres.support import HOST, URL, simulate

ROOT = Path(__file__).parents[3]


def sessions():
    """How many sessions the real server has besides the one that asks."""
    with psycopg.connect(postgres()) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        return connection.execute(count).fetchone()[0] - 1


@pytest.fixture(autouse=True)
def _nothing_is_left():
    before = sessions()
    yield
    assert sessions() == before


async def held(connections):
    """Two connections: the second waits for a lock of the first, which is idle in its transaction."""
    for _ in range(2):
        connections.append(await asyncpg.connect(URL))
    await connections[0].execute("BEGIN; SELECT pg_advisory_xact_lock(3)")
    waiting = asyncio.create_task(connections[1].execute("SELECT pg_advisory_xact_lock(3)"))
    await asyncio.sleep(1)
    return waiting


def ending(how, limit_ns=None):
    connections = []

    async def main(gate):
        try:
            waiting = await held(connections)
            await how(waiting)
        finally:
            for connection in connections:
                connection.terminate()
            waiting.cancel()

    return simulate(main, limit_ns=limit_ns)


async def fail(waiting):
    raise KeyError("in the program")


async def wait_for_ever(waiting):
    await waiting


async def sleep_too_long(waiting):
    await asyncio.sleep(1_000)


async def interrupt(waiting):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("how", "error"),
    [
        (fail, KeyError),
        (wait_for_ever, DeadlockError),
        (sleep_too_long, VirtualTimeoutError),
        (interrupt, KeyboardInterrupt),
    ],
)
def test_an_error_closes_all_real_connections(how, error):
    with pytest.raises(error):
        ending(how, limit_ns=100_000_000_000)


def test_connections_that_nobody_closed_are():
    async def main(gate):
        return psycopg.connect(URL), await psycopg.AsyncConnection.connect(URL)

    first, second = simulate(main)
    with pytest.raises(psycopg.OperationalError):
        first.execute("SELECT 1")
    first.close()
    asyncio.run(second.close())


def test_a_gate_that_was_never_left_is():
    server = postgres()
    gates = []

    async def main():
        gates.append(serve_postgres(HOST, 5432, server=server))
        gate = await gates[0].__aenter__()
        return gate.plans_come

    assert run(main)


def test_ctrl_c_while_the_real_server_works():
    script = f"""
import asyncio, asyncpg
from tests.sim.postgres import support

async def main(gate):
    connection = await asyncpg.connect(support.URL)
    try:
        print("now", flush=True)
        await connection.execute("SELECT pg_sleep(60)")
    finally:
        connection.terminate()

support.simulate(main, server={postgres()!r})
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT
    )
    try:
        assert child.stdout.readline() == b"now\n"
        while sessions() < 2:  # its own and that of the connection
            pass
        child.send_signal(signal.SIGINT)
        _, said = child.communicate(timeout=30)
    finally:
        child.kill()
        child.wait()
    assert child.returncode in (130, -signal.SIGINT)
    assert b"KeyboardInterrupt" in said


def test_a_client_that_goes_away_in_the_middle_of_a_copy():
    async def main(gate):
        connection = await psycopg.AsyncConnection.connect(URL, autocommit=True)
        await connection.execute("DROP TABLE IF EXISTS half; CREATE TABLE half (a text)")
        copy = connection.cursor().copy("COPY half FROM STDIN")
        rows = await copy.__aenter__()
        for _ in range(100):
            await rows.write_row(("x" * 10_000,))
        await connection.close()
        await asyncio.sleep(1)
        async with await psycopg.AsyncConnection.connect(URL, autocommit=True) as other:
            count = await (await other.execute("SELECT count(*) FROM half")).fetchone()
            await other.execute("DROP TABLE half")
        return count

    assert simulate(main) == (0,)


def test_the_server_may_end_a_session_and_the_client_sees_it():
    async def main(gate):
        first, second = await asyncpg.connect(URL), await asyncpg.connect(URL)
        pid = await second.fetchval("SELECT pg_backend_pid()")
        await first.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises((asyncpg.PostgresConnectionError, asyncpg.AdminShutdownError)):
            await second.fetchval("SELECT 1")
        await first.close()

    simulate(main)


def test_no_real_server_is_an_error_before_anything_runs():
    with pytest.raises(SimulationError, match=r"127\.0\.0\.1:1 "):
        simulate(None, server=("127.0.0.1", 1))


def test_it_needs_a_simulation():
    async def main():
        async with serve_postgres(HOST, 5432, server=("127.0.0.1", 1)):
            pass

    with pytest.raises(SimulationError, match=r"perfkit\.sim\.run"):
        asyncio.run(main())


def test_no_process_of_the_server_stays_held_up():
    async def main(gate):
        connections = []
        waiting = await held(connections)
        states = [state(session.pid) for session in gate.sessions]
        await connections[0].execute("COMMIT")
        await waiting
        for connection in connections:
            await connection.close()
        return states

    assert "T" not in simulate(main)


def state(pid):
    if not os.path.exists("/proc"):
        pytest.skip("no /proc")
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
