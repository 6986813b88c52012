"""Programs of threads and sync drivers against a simulated PostgreSQL; each prints what it measured as JSON.

python -m tests.sim.postgres.threads NAME URL_OF_THE_REAL_SERVER
"""

from perfkit.sim import prepare

prepare()

import contextlib  # noqa: E402
import hashlib  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
import threading  # noqa: E402
import time  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402

import psycopg  # noqa: E402
import psycopg_pool  # noqa: E402

from perfkit.sim import Link, Network, run_sync  # noqa: E402
from perfkit.sim.postgres import Costs, serve_postgres  # noqa: E402
from tests.sim.postgres.support import FREE, HOST, RTT_NS, URL  # noqa: E402


def simulate(main, server, costs=FREE):
    network = Network()
    network.connect_host(HOST, Link(rtt_ns=RTT_NS))

    @contextlib.asynccontextmanager
    async def world():
        async with serve_postgres(HOST, 5432, server=server, costs=costs) as gate:
            yield gate

    return run_sync(main, network=network, world=world)


def ms():
    return round(time.perf_counter() * 1000, 6)


def serial(gate):
    with psycopg.connect(URL, autocommit=True, prepare_threshold=None) as connection:
        start = ms()
        for i in range(200):
            assert connection.execute("SELECT %s::int", (i,)).fetchone() == (i,)
        return ms() - start


def executor(gate):
    with psycopg_pool.ConnectionPool(URL, min_size=10, max_size=10, open=False) as pool:
        pool.wait()

        def one(i):
            with pool.connection() as connection:
                connection.autocommit = True
                return connection.execute("SELECT %s::int", (i,), prepare=False).fetchone()[0]

        start = ms()
        with ThreadPoolExecutor(10) as threads:
            total = sum(threads.map(one, range(200)))
        return total, ms() - start


def locks(gate):
    """Threads that wait for one row: when each got it."""
    with psycopg.connect(URL, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS threads")
        connection.execute("CREATE TABLE threads AS SELECT 1 AS id, 0 AS n")
    got = []

    def bump(number):
        with psycopg.connect(URL) as connection:
            connection.execute("UPDATE threads SET n = n + 1 WHERE id = 1")
            got.append((number, ms()))
            time.sleep(0.1)

    threads = [threading.Thread(target=bump, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(URL, autocommit=True) as connection:
        total = connection.execute("SELECT n FROM threads").fetchone()[0]
        connection.execute("DROP TABLE threads")
    waits = gate.counters()["lock_waits"]
    return total, waits, [number for number, _ in got], hashlib.sha256(repr(got).encode()).hexdigest()


if __name__ == "__main__":
    name, real = sys.argv[1:]
    said = simulate(globals()[name], real, Costs() if name == "locks" else FREE)
    print(json.dumps(said))  # noqa: T201
