"""Traces that ask too much of a rule that looks at everything twice, and the seconds of each rule.

python benchmarks/rule_shapes.py SHAPE SPANS [profile]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from itertools import count as _forever
from itertools import islice
from tempfile import TemporaryDirectory

from rule_traces import MAIN, MS, PLACES, Clock, Paths, mixed, write_program

from perfkit.model import Frame, Span, Trace
from perfkit.rules import Sources, check, load
from perfkit.rules.registry import available
from perfkit.rules.view import View


def one_loop() -> Iterator[Span]:
    """One loop, as long as the trace."""
    clock, path = Clock(), Paths().of("loop", 0, 2)
    for n in _forever():
        yield clock.query("SELECT name FROM users WHERE id = ?", path, n)


def one_request_loop() -> Iterator[Span]:
    """The same of requests, each with three parameters."""
    clock, path = Clock(), Paths().of("calls", 0)
    for n in _forever():
        params = {"path": f"{n:016x}", "?lang": "00000000000000aa", "?v": f"{n % 3:016x}"}
        yield clock.request("/users/{id}?lang=&v=", path, params)


def places() -> Iterator[Span]:
    """No two queries from one line."""
    clock = Clock()
    for n in _forever():
        path = (Frame(f"app/f{n % 1000}.py", n // 1000 + 1, f"f{n // 20_000}"), MAIN)
        yield clock.query("SELECT name FROM users WHERE id = ?", path, n)


def rounds() -> Iterator[Span]:
    """A pattern per place: three rounds of two statements each, and then the next place."""
    clock, paths = Clock(), Paths()
    for place in _forever():
        for n in range(6):
            path = paths.of("turns", place, n % 2 + 1)
            yield clock.query(f"SELECT x FROM {'ab'[n % 2]} WHERE id = ?", path, 6 * place + n // 2)


def overlapping() -> Iterator[Span]:
    """Every request is under way until the end."""
    clock, path = Clock(), Paths().of("gather", 0, 0)
    for n in _forever():
        span = clock.request("/parts?id=", path, {"?id": f"{n:016x}"})
        clock.now = n + 1
        span.start_ns, span.end_ns, span.task = n, 10**15, n
        yield span


def overlapping_places() -> Iterator[Span]:
    """The same from a thousand places, which take turns, one in fifty refused."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        more = {"status": 429} if n % 50 == 49 else {}
        place = n % 1000
        span = clock.request(f"/p{place}?id=", paths.of("gather", place, 0), {"?id": f"{n:016x}"}, **more)
        clock.now = n + 1
        span.start_ns, span.end_ns, span.task = n, 10**15, n
        yield span


def interleaved() -> Iterator[Span]:
    """Ten thousand loops of requests that take turns from the beginning to the end, one in fifty refused."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        place = n % 10_000
        more = {"status": 429} if n % 50 == 49 else {}
        yield clock.request(
            f"/i{place}/{{id}}", paths.of("calls", place), {"path": f"{n:016x}"}, host="one", **more
        )


def interleaved_queries() -> Iterator[Span]:
    """The same of queries."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        place = n % 10_000
        yield clock.query(f"SELECT q{place} FROM t WHERE id = ?", paths.of("loop", place, 2), n)


def deep() -> Iterator[Span]:
    """Each span below the one before, 100,000 deep, with a query and a request at each level; no lines."""
    clock, parent = Clock(), None
    for n in _forever():
        if not n % 100_000:
            parent = None
        own = clock.span("span", f"level {n % 100_000}", (), MS, {}, parent)
        parent = own.id
        yield own
        yield clock.query("SELECT name FROM users WHERE id = ?", (), n, parent)
        yield clock.request("/users/{id}", (), {"path": f"{n:016x}"}, parent)


def deep_loops() -> Iterator[Span]:
    """The same with a loop of six at each level."""
    clock, parent = Clock(), None
    for n in _forever():
        if not n % 20_000:
            parent = None
        own = clock.span("span", f"level {n % 20_000}", (), MS, {}, parent)
        parent = own.id
        yield own
        for m in range(6):
            yield clock.query("SELECT name FROM users WHERE id = ?", (), 6 * n + m, parent)


def one_moment() -> Iterator[Span]:
    """The program's spans, all begun at one moment."""
    for span in mixed():
        took = span.end_ns - span.start_ns
        span.start_ns, span.end_ns = 0, took
        yield span


def imported() -> Iterator[Span]:
    """Requests to a service without lines, each a scope of its own with a loop and single calls."""
    clock = Clock()
    clock.task = 0
    for n in _forever():
        entry = clock.span("span", f"GET /page{n % 300}", (), MS, {"entry": True}, None)
        yield entry
        inner = clock.span("span", "render", (), MS, {}, entry.id)
        yield inner
        for m in range(8):
            yield clock.query(f"SELECT a FROM t{n % 300} WHERE id = ?", (), 8 * n + m, inner.id)
        for m in range(6):
            yield clock.request(f"/x{n % 50}/{{id}}", (), {"path": f"{6 * n + m:016x}"}, entry.id)
        for m in range(5):
            yield clock.request(f"/y{m}", (), {}, entry.id, host=f"h{m}")


def claims() -> Iterator[Span]:
    """Workers that take jobs from a table, each a scope of its own."""
    clock = Clock()
    for n in _forever():
        entry = clock.span("span", "work", (), MS, {"entry": True}, None)
        yield entry
        for m in range(3):
            claim = "SELECT id FROM jobs WHERE free LIMIT ? FOR UPDATE SKIP LOCKED"
            yield clock.query(claim, (), 0, entry.id)
            yield clock.query("SELECT name FROM things WHERE id = ?", (), 3 * n + m, entry.id)
            yield clock.query("UPDATE jobs SET done = ? WHERE id = ?", (), 3 * n + m, entry.id)


def related() -> Iterator[Span]:
    """What an ORM loads on access, flushes and refreshes, with transactions around it, from many places."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        place = n % PLACES
        path = paths.of("loop", place, 2)
        yield clock.query("BEGIN", paths.of("loop", place, 0), 0)
        for m in range(6):
            yield clock.query("SELECT a FROM b WHERE id = ?", path, 6 * n + m, relation="Order.items")
        for m in range(3):
            yield clock.query("UPDATE b SET a = ? WHERE id = ?", path, 6 * n + m, flush=n, transaction=True)
        yield clock.query("SELECT a FROM c WHERE id IN (?, ...)", path, n, eager=True)
        yield clock.query("SELECT a FROM d WHERE id = ?", path, n, refresh=True)


def one_service() -> Iterator[Span]:
    """Requests and queries without lines in one scope, no two alike: what serial calls are looked for in."""
    clock = Clock()
    clock.task = 0
    entry = clock.span("span", "run", (), MS, {"entry": True}, None)
    yield entry
    for n in _forever():
        yield clock.request(f"/a{n % 500}", (), {}, entry.id, host=f"h{n % 7}")
        yield clock.query(f"SELECT c{n % 500} FROM t", (), 0, entry.id)


def one_after_another() -> Iterator[Span]:
    """Requests without lines in one scope, each to another endpoint, with nothing between them."""
    clock = Clock()
    clock.task = 0
    entry = clock.span("span", "run", (), MS, {"entry": True}, None)
    yield entry
    for n in _forever():
        yield clock.request(f"/endpoint{n}/state", (), {}, entry.id)


def one_task() -> Iterator[Span]:
    """Different requests in one task, from lines of awaits that do not need each other."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        line, place = n % 3, n // 3 % PLACES
        yield clock.request(f"/s{n % 3}_{place}", paths.of("serial", place, line), {}, host=f"s{line}")


def tasks() -> Iterator[Span]:
    """Each span in a task of its own."""
    clock, path = Clock(), Paths().of("gather", 0, 0)
    for n in _forever():
        clock.task = n + 1
        yield clock.query("SELECT name FROM users WHERE id = ?", path, n)


def refusals() -> Iterator[Span]:
    """One host refuses everything, from two hundred places."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        params = {"path": f"{n // 4:016x}"}
        yield clock.request("/r/{id}", paths.of("calls", n % PLACES), params, status=429 if n % 4 else 200)


def connections() -> Iterator[Span]:
    """A connection before each request and each query."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        place = n % PLACES
        attrs = {"host": "one", "library": "aiohttp"}
        yield clock.span("connect", "connect one", paths.of("connect", place), 5 * MS, attrs, None)
        params = {"path": f"{n:016x}"}
        yield clock.request("/c/{id}", paths.of("connect", place, 2), params, host="one", connection="new")


def holdups() -> Iterator[Span]:
    """The loop is held up from a thousand lines, in turns, with requests under way."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        attrs = {"threshold_ns": 50 * MS, "call": "time.sleep", "library": "asyncio"}
        yield clock.span("blocked", "time.sleep", paths.of("hold", n % 1000, 0), 200 * MS, attrs, None)
        yield clock.request("/h", paths.of("hold", n % 1000, 1), {})


def batches() -> Iterator[Span]:
    """One batch after another, each of fifty calls."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        more = {
            "host": "portal",
            "rpc": "batch",
            "batch": 50,
            "body": "batch(crm.item.list)",
            "method": "POST",
            "bytes_received": 90_000,
        }
        yield clock.request("/rest/{user}/{token}/batch", paths.of("calls", n % PLACES, 2), {}, **more)


def permitted() -> Iterator[Span]:
    """The program below thousands of permissions."""
    clock, paths = Clock(), Paths()
    for n in _forever():
        attrs = {"rule": ("PK101", "PK102")[n % 2], "reason": "known"}
        own = clock.span("allow", "allow", paths.of("single", n % PLACES), MS, attrs, None)
        yield own
        for m in range(5):
            yield clock.query(
                "SELECT name FROM users WHERE id = ?", paths.of("loop", n % PLACES, 2), 5 * n + m, own.id
            )


SHAPES: dict[str, Callable[[], Iterator[Span]]] = {
    make.__name__: make
    for make in (
        mixed,
        one_loop,
        one_request_loop,
        places,
        rounds,
        overlapping,
        overlapping_places,
        interleaved,
        interleaved_queries,
        deep,
        deep_loops,
        one_moment,
        imported,
        claims,
        related,
        one_service,
        one_after_another,
        one_task,
        tasks,
        refusals,
        connections,
        holdups,
        batches,
        permitted,
    )
}


def trace_of(shape: str, count: int) -> Trace:
    """A trace of ``count`` spans."""
    spans = list(islice(SHAPES[shape](), count))
    return Trace("virtual", 0, max(span.end_ns for span in spans), spans)


def rule_by_rule(trace: Trace, sources: Sources) -> dict[str, float]:
    """Seconds of each rule; what several need is paid by the first of them."""
    view, spent = View(trace, None, sources), {}
    for code in sorted(available()):
        start = time.process_time()
        load(code).check(view)
        spent[code] = time.process_time() - start
    return spent


def main() -> None:
    """The seconds of each rule, or a profile of all."""
    shape, count = sys.argv[1], int(sys.argv[2])
    with TemporaryDirectory() as folder:
        write_program(folder)
        trace, sources = trace_of(shape, count), Sources(folder)
        if sys.argv[3:] == ["profile"]:
            import cProfile

            cProfile.runctx("check(trace, sources=sources)", {"check": check}, locals(), sort="tottime")
            return
        spent = rule_by_rule(trace, sources)
    lines = [f"{code}  {seconds:9.3f} s" for code, seconds in spent.items() if seconds >= 0.001]
    sys.stdout.write("\n".join([*lines, f"{shape}, {count:,} spans: {sum(spent.values()):.3f} s"]) + "\n")


if __name__ == "__main__":
    main()
