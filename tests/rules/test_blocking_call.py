import asyncio
import contextlib
import hashlib
import itertools
import queue
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import aiosqlite
import httpx
import psycopg
import pytest
import redis
import redis.asyncio
import requests
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

import perfkit
from perfkit import sim
from perfkit.model import Frame, Span, Trace
from perfkit.rules import View
from perfkit.rules.blocking_call import check
from tests.postgres import postgres_dsn  # noqa: F401 - a fixture
from tests.probes.server import serve
from tests.redis_server import redis_server

MS = 1_000_000
LINE = Frame("app/views.py", 30, "page")
OTHER = Frame("app/views.py", 41, "page")


@pytest.fixture(scope="module")
def server():
    with serve() as running:
        yield running


def found(*spans, clock="wall"):
    ordered = sorted(spans, key=lambda span: span.start_ns)
    for number, span in enumerate(ordered, 1):
        span.id = number
    return check(View(Trace(clock, 0, 10_000 * MS, ordered)))


def span(kind, name, start_ms, length_ms, path=(LINE,), task=1, cpu_ms=0, **attrs):
    start, length, thread = start_ms * MS, length_ms * MS, attrs.pop("thread", 1)
    site = path[0] if path else None
    return Span(
        0, None, kind, name, start, start + length, site, path, task, thread, attrs, None, cpu_ms * MS
    )


def get(start_ms, length_ms=100, **more):
    return span("request", "GET api.test/x", start_ms, length_ms, library="requests", **more)


def sleep(start_ms, length_ms=100, **more):
    return span("wait", "time.sleep", start_ms, length_ms, library="threading", **more)


def step(start_ms, length_ms, call="", inside="", **more):
    more = {"threshold_ns": 50 * MS, "waiting": 0, **more}
    name = "event loop held"
    return span("blocked", name, start_ms, length_ms, call=call, inside=inside, library="asyncio", **more)


def running(start_ms, length_ms, task):
    """Something that a task awaits, and that holds nothing up."""
    return span("request", "GET b.test/y", start_ms, length_ms, task=task, library="aiohttp")


def recorded(main, **options):
    """The findings of ``main()``, run in a loop of its own."""
    with perfkit.record(**options) as rec:
        asyncio.run(main())
    return check(View(rec.trace))


def lines(main, findings):
    """Where they are, counted from the line in which ``main`` is defined; and how many calls each is of."""
    return [(f.site.line - main.__code__.co_firstlineno, f.count) for f in findings]


# Calls of synchronous libraries


def test_one_request_in_a_task_is_a_finding():
    (finding,) = found(get(0))
    assert (finding.rule, finding.name, finding.count) == ("PK202", "blocking-call", 1)
    assert (finding.site, finding.path, finding.template) == (LINE, (LINE,), "GET api.test/x")
    assert finding.spent_ns == 100 * MS
    assert finding.evidence == ["1 call held the event loop for 100 ms in all, 100 ms at most"]
    assert finding.fix == (
        "Do not call requests in a coroutine: use an asynchronous client (aiohttp, httpx.AsyncClient); "
        "or hand the call to a thread: await asyncio.to_thread(...)."
    )


def test_one_finding_per_line():
    findings = found(get(0), get(200), sleep(400, 300, path=(OTHER,)), get(900))
    assert [(f.site, f.count, f.spent_ns) for f in findings] == [(LINE, 3, 300 * MS), (OTHER, 1, 300 * MS)]
    assert findings[1].fix == "await asyncio.sleep(...) in place of time.sleep."


@pytest.mark.parametrize("library", ["requests", "urllib3", "django", "sqlite3"])
def test_libraries_that_are_synchronous(library):
    (finding,) = found(span("query", "SELECT a FROM t", 0, 1, library=library, system="x", database="shop"))
    assert library in finding.fix


@pytest.mark.parametrize("library", ["httpx", "redis", "psycopg", "sqlalchemy"])
def test_libraries_with_two_halves(library):
    assert found(span("query", "SELECT a FROM t", 0, 90, library=library)) == []
    (finding,) = found(span("query", "SELECT a FROM t", 0, 90, library=library, blocking=True))
    assert library in finding.fix


def test_no_task_no_finding():
    assert found(get(0, task=0), sleep(100, task=0)) == []


def test_asynchronous_libraries_hold_nothing_up():
    assert found(running(0, 500, task=1), span("wait", "asyncio.sleep", 0, 90, library="asyncio")) == []


def test_cells_of_a_notebook_run_in_a_task_of_their_own():
    cell = Frame("ipykernel_1/17.py", 3, "<module>")
    assert found(get(0, path=(cell,)), get(200, path=(LINE, cell))) == []


def test_a_connection_is_the_requests_own():
    request = get(0)
    (finding,) = found(request, span("connect", "connect api.test", 1, 5, library="requests"))
    assert finding.count == 1
    request, opening = get(0), span("connect", "connect api.test", 1, 5, library="requests", path=(OTHER,))
    opening.parent = 1
    (finding,) = found(request, opening)
    assert finding.span_ids == [1]


def test_connections_and_commits_belong_to_their_functions_queries():
    def of(kind, name, start_ms, path):
        return span(kind, name, start_ms, 10, path=path, library="psycopg", blocking=True)

    query = of("query", "SELECT a FROM t", 20, (LINE,))
    spans = of("connect", "connect db", 0, (OTHER,)), query, of("transaction", "COMMIT", 40, (OTHER,))
    (finding,) = found(*spans)
    assert (finding.site, finding.count, finding.spent_ns) == (LINE, 1, 30 * MS)
    assert finding.evidence[1] == "connections and ends of transactions around them: 2"
    (finding,) = found(of("connect", "connect db", 0, (OTHER,)))
    assert (finding.site, finding.count) == (OTHER, 1)


@pytest.mark.parametrize("database", ["", ":memory:"])
def test_sqlite_in_memory_counts_if_a_step_took_long(database):
    def query(length_ms):
        return span(
            "query", "SELECT a FROM t", 1, length_ms, library="sqlite3", system="sqlite", database=database
        )

    assert found(query(1)) == []
    assert found(query(1), step(0, 200, call="shrink", cpu_ms=200))[0].template == "shrink"
    (finding,) = found(query(80), step(0, 90, cpu_ms=80))
    assert (finding.template, finding.count) == ("SELECT a FROM t", 1)


def test_opening_a_file_counts_if_a_step_took_long():
    opening = span("connect", "connect shop", 0, 1, library="sqlite3", system="sqlite", database="shop")
    assert found(opening) == []


def test_another_threads_wait_counts_if_a_step_took_long():
    def wait(length_ms, name="queue.Queue.get"):
        return span("wait", name, 0, length_ms, library="threading")

    assert found(wait(40)) == []
    (finding,) = found(wait(90), step(0, 91, call="jobs.get"))
    assert finding.fix.startswith(
        "Do not wait for another thread here (queue.Queue.get): await asyncio.to_th"
    )
    assert found(wait(90, "concurrent.futures.Executor.__exit__"), step(0, 91)) == []


def test_a_virtual_clock_must_have_moved():
    query = span("query", "SELECT a FROM t", 5, 0, library="sqlite3", system="sqlite", database="shop")
    assert found(query, clock="virtual") == []


# Long steps


def test_a_step_is_its_calls():
    assert [f.template for f in found(step(0, 101, call="requests.get"), get(0))] == ["GET api.test/x"]
    assert [f.count for f in found(step(0, 101), get(0, 40), get(40, 50))] == [2]


def test_what_else_the_step_did_is_its_own_finding():
    spans = step(0, 300, call="shrink", path=(OTHER,), cpu_ms=199), get(0)
    assert [(f.template, f.site) for f in found(*spans)] == [("shrink", OTHER), ("GET api.test/x", LINE)]


def test_a_step_that_computes():
    (finding,) = found(step(0, 60, call="hashlib.scrypt", cpu_ms=59))
    assert (finding.count, finding.spent_ns, finding.saving_ns) == (1, 60 * MS, None)
    assert finding.evidence[1] == "computing"
    assert finding.basis == "unknown: the work takes as long elsewhere, but nothing else waits for it then"
    assert finding.fix.startswith("Take hashlib.scrypt off the loop: loop.run_in_executor")


@pytest.mark.parametrize(("delayed_ms", "count"), [(0, 1), (40, 1), (60, 0)])
def test_what_others_took_of_the_processor_does_not_count(delayed_ms, count):
    computing = step(0, 100, call="crunch", cpu_ms=100 - delayed_ms, delayed_ns=delayed_ms * MS)
    reading = step(0, 100, call="read", inside="pathlib.Path.read_text", delayed_ns=delayed_ms * MS)
    assert len(found(computing)) == count
    assert len(found(reading)) == count


def test_a_busy_machine_is_not_the_programs_doing():
    assert len(found(step(0, 300, call="shrink", cpu_ms=51))) == 1  # computed beyond the threshold
    assert found(*(step(start, 300, call="shrink", cpu_ms=31) for start in (0, 300))) == []
    assert found(step(0, 300, call="session.scalars", inside="sqlalchemy.orm.configure", cpu_ms=90)) == []
    assert found(step(0, 90, call="shrink", cpu_ms=5)) == []
    assert found(step(0, 90, cpu_ms=5)) == []
    assert found(step(0, 500, inside="re.compile", call="re.sub", cpu_ms=5)) == []
    assert found(step(0, 90, inside="yaml.load", call="yaml.load", cpu_ms=5)) == []
    assert len(found(*(step(start, 90, call="file.read", cpu_ms=5) for start in (0, 100)))) == 1


def test_a_step_that_waits():
    inside = "selectors._PollLikeSelector.select"
    (finding,) = found(step(0, 60, call="subprocess.run", inside=inside, cpu_ms=3))
    assert finding.evidence[1] == f"waiting in {inside}"
    assert finding.fix == (
        "Hand subprocess.run to a thread (await asyncio.to_thread(...)), or use an asynchronous library."
    )
    (finding,) = found(step(0, 120, call="file.read", cpu_ms=3))
    assert finding.evidence[1] == "waiting"


def test_a_library_may_set_itself_up_once():
    def first(length_ms, **more):
        return step(0, length_ms, call="session.scalars", inside="sqlalchemy.orm.configure", **more)

    assert found(first(150, cpu_ms=150)) == []
    assert len(found(first(250, cpu_ms=250))) == 1
    assert len(found(first(60, cpu_ms=60), step(90, 60, inside="sqlalchemy.sql.compile", cpu_ms=60))) == 1


@pytest.mark.parametrize(
    "inside",
    [
        "importlib._bootstrap._find_and_load",
        "_frozen_importlib.exec",
        "ssl.SSLContext.load_default_certs",
        "ssl.create_default_context",
        "pandas.<module>",
    ],
)
def test_imports_and_tls_are_set_up_once(inside):
    assert found(*(step(start, 500, call="f", inside=inside, cpu_ms=499) for start in (0, 600))) == []


def test_a_module_of_the_programs_own_is_imported():
    assert found(step(0, 500, path=(Frame("app/big.py", 3, "<module>"), LINE), cpu_ms=499)) == []


def test_handing_work_over_takes_long_if_the_work_has_the_interpreter_lock():
    assert found(step(0, 500, call="asyncio.to_thread", inside="threading.Condition.wait", cpu_ms=3)) == []
    assert found(step(0, 500, call="loop.run_in_executor", cpu_ms=3)) == []


def test_a_step_without_a_line_is_none():
    assert found(step(0, 500, path=(), cpu_ms=500)) == []


def test_json_is_another_rules():
    assert found(step(0, 500, call="json.loads", cpu_ms=500)) == []


def test_a_callback_without_a_task_counts_as_well():
    assert len(found(step(0, 500, call="shrink", task=0, cpu_ms=500))) == 1


# Savings


def test_nothing_is_saved_where_nothing_else_waits():
    (finding,) = found(get(0), get(100), get(200))
    assert (finding.saving_ns, finding.basis) == (None, "unknown: nothing else was seen to wait")


def test_tasks_that_sleep_in_turn_could_sleep_at_once():
    waiting = [step(100 * n, 100, task=n + 1, waiting=4 - n) for n in range(5)]
    (finding,) = found(*waiting, *(sleep(100 * n, task=n + 1) for n in range(5)))
    assert finding.saving_ns == 400 * MS
    assert finding.basis == "up to 5 tasks stood in line: 500 ms one after another, 100 ms side by side"
    assert finding.evidence[1] == "others that were ready to run meanwhile: up to 4"


def test_a_service_is_credited_with_five_at_a_time():
    waiting = [step(100 * n, 100, task=n + 1, waiting=9 - n) for n in range(10)]
    (finding,) = found(*waiting, *(get(100 * n, task=n + 1) for n in range(10)))
    assert finding.saving_ns == 800 * MS
    assert finding.basis.endswith("1 s one after another, 200 ms side by side, 5 at a time")


def test_tasks_that_were_there_before_stood_in_line():
    others = [running(0, 50, task=n + 1) for n in range(3)]
    (finding,) = found(*others, *(sleep(50 + 20 * n, 20, task=n + 1) for n in range(3)))
    assert finding.saving_ns == 40 * MS


def test_tasks_that_come_one_after_another_did_not():
    assert found(*(sleep(100 * n, task=n + 1) for n in range(5)))[0].saving_ns is None
    others = [running(0, 50, task=n + 1) for n in range(3)]
    paused = (sleep(50 + 50 * n, 20, task=n + 1) for n in range(3))  # nothing stood in line in the pauses
    assert found(*others, *paused)[0].saving_ns is None


def test_who_waited_is_said_where_no_figure_can_be():
    (finding,) = found(step(0, 100, waiting=2), get(0))
    assert finding.saving_ns is None
    assert finding.basis == "unknown: what those had to do that waited cannot be told"


def test_each_thread_has_a_loop_of_its_own():
    spans = [sleep(100 * n, task=n + 1, thread=1 + n % 2) for n in range(6)]
    assert found(*(running(0, 1, task=n + 1) for n in range(6)), *spans)[0].saving_ns is None


# The libraries themselves


def weather(server):
    return requests.get(f"{server.url}/hello", timeout=5)


def test_the_line_is_the_coroutines(server):
    async def main():
        weather(server)

    (finding,) = findings = recorded(main)
    assert lines(main, findings) == [(1, 1)]
    assert finding.path[0].function == "weather"
    assert finding.evidence[-1] == f"the call itself is at {finding.path[0]}"
    assert finding.fix.endswith("await asyncio.to_thread(weather).")


def test_requests_and_httpx(server):
    async def main():
        await asyncio.to_thread(weather, server)
        async with httpx.AsyncClient(verify=False) as client:
            await client.get(f"{server.url}/hello")
        with httpx.Client(verify=False) as client:
            client.get(f"{server.url}/hello")
        before.close()

    before = requests.Session()
    with perfkit.record() as rec:
        before.get(f"{server.url}/hello", timeout=5)  # the loop does not run yet
        asyncio.run(main())
    (finding,) = findings = check(View(rec.trace))
    assert lines(main, findings) == [(5, 1)]
    assert "use httpx.AsyncClient" in finding.fix


def test_sqlite(tmp_path):
    async def main():
        for name in (":memory:", str(tmp_path / "shop.db")):
            with contextlib.closing(sqlite3.connect(name)) as db:
                db.execute("CREATE TABLE t (a)")
                db.execute("INSERT INTO t VALUES (1)")
                db.commit()
        async with aiosqlite.connect(tmp_path / "shop.db") as db:
            await db.execute_fetchall("SELECT a FROM t")
        await asyncio.to_thread(read)

    def read():
        with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as db:
            return db.execute("SELECT a FROM t").fetchall()

    findings = recorded(main)
    assert sorted(lines(main, findings)) == [(3, 1), (4, 1)]
    assert {finding.saving_ns for finding in findings} == {None}
    assert sum(len(finding.span_ids) for finding in findings) == 3  # with the commit


def test_sqlalchemy(tmp_path):
    async def main():
        async with asynchronous.connect() as connection:
            await connection.execute(text("SELECT 1"))
            await connection.run_sync(lambda sync: sync.execute(text("SELECT 2")))
        with synchronous.connect() as connection:
            connection.execute(text("SELECT 3"))
        await asynchronous.dispose()

    asynchronous = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/shop.db")
    synchronous = create_engine(f"sqlite:///{tmp_path}/shop.db")
    (finding,) = findings = recorded(main)
    synchronous.dispose()
    assert lines(main, findings) == [(5, 1)]
    assert "create_async_engine" in finding.fix


def test_psycopg(postgres_dsn):  # noqa: F811
    async def main():
        async with await psycopg.AsyncConnection.connect(postgres_dsn) as connection:
            await connection.execute("SELECT 1")
        with psycopg.connect(postgres_dsn) as connection:
            connection.execute("SELECT 2")

    (finding,) = findings = recorded(main)
    assert lines(main, findings) == [(4, 1)]
    assert finding.evidence[1] == "connections and ends of transactions around them: 2"
    assert "psycopg.AsyncConnection" in finding.fix


def test_redis():
    async def main():
        client = redis.asyncio.Redis(port=port)
        await client.set("a", 1)
        await client.aclose()
        with redis.Redis(port=port) as client:
            client.get("a")

    with redis_server() as port:
        (finding,) = findings = recorded(main)
    assert lines(main, findings) == [(5, 1)]
    assert "redis.asyncio.Redis" in finding.fix


def test_sleeping_and_waiting_for_threads():
    async def main():
        time.sleep(0.001)
        await asyncio.sleep(0.001)
        await asyncio.to_thread(time.sleep, 0.001)
        jobs.put(1)
        jobs.get(timeout=1)
        with ThreadPoolExecutor() as pool:
            await asyncio.get_running_loop().run_in_executor(pool, time.sleep, 0.001)
        waiting = threading.Thread(target=time.sleep, args=(0.15,))
        waiting.start()
        waiting.join()

    jobs = queue.Queue()
    assert sorted(lines(main, recorded(main))) == [(1, 1), (10, 1)]


def test_gathered_handlers_that_sleep():
    async def main():
        await asyncio.gather(*(handler() for _ in range(4)))

    async def handler():
        time.sleep(0.08)

    (finding,) = recorded(main)
    assert finding.count == 4
    assert finding.basis.startswith("up to 4 tasks stood in line: ")
    longest = 3 * finding.spent_ns // 4
    assert 0 < finding.saving_ns <= longest


def compute():
    numbers = range(100_000)
    for _ in range(40):
        numbers = [(a + b) // 2 for a, b in itertools.pairwise(numbers)]


def test_computing_and_subprocesses():
    async def main():
        await asyncio.sleep(0)
        compute()
        await asyncio.sleep(0)
        hashlib.pbkdf2_hmac("sha256", b"x", b"y", 800_000)
        await asyncio.sleep(0)
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], check=True)
        await asyncio.sleep(0)
        await asyncio.to_thread(hashlib.pbkdf2_hmac, "sha256", b"x", b"y", 400_000)
        child = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
        await child.wait()

    findings = recorded(main)
    assert sorted(lines(main, findings)) == [(2, 1), (4, 1), (6, 1)]
    assert {finding.template for finding in findings} == {"compute", "hashlib.pbkdf2_hmac", "subprocess.run"}


def test_virtual_time():
    async def main():
        await asyncio.gather(*(handler() for _ in range(3)))

    async def handler():
        await asyncio.sleep(1)
        time.sleep(2)
        with contextlib.closing(sqlite3.connect(":memory:")) as db:
            db.execute("SELECT 1")

    def record():
        async def whole():
            with perfkit.record() as rec, perfkit.span("all"):
                await main()
            return rec.trace

        return check(View(sim.run(whole)))

    (finding,) = findings = record()
    assert lines(handler, findings) == [(2, 3)]
    assert finding.spent_ns == 6_000_000_000
