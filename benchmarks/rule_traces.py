"""A trace of any length like the recording of a busy program, and the program itself.

Attributes are as the probes make them: a dict per span, whose statements and hosts are shared. Paths are
shared between the spans of one place, as ``tracing`` shares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from perfkit.model import Frame, Span

MS = 1_000_000
PLACES = 200
"""Functions of each kind in the program that is traced, whatever the length of the trace."""

TEMPLATES = 10_000
"""Different statements that are asked one at a time."""

HOSTS = 20

Path_ = tuple[Frame, ...]


class Clock:
    """Makes spans one after another; ``task`` is that of all that follows."""

    def __init__(self) -> None:
        self.now = 0
        self.number = 0
        self.task = 1

    def span(
        self, kind: str, name: str, path: Path_, took_ns: int, attrs: dict[str, Any], parent: int | None
    ) -> Span:
        """The next span, which begins now."""
        self.number += 1
        start = self.now
        self.now += took_ns
        site = path[0] if path else None
        return Span(self.number, parent, kind, name, start, start + took_ns, site, path, self.task, 1, attrs)

    def query(self, sql: str, path: Path_, params: int, parent: int | None = None, **more: Any) -> Span:
        """A query as the probes tell it."""
        attrs = {
            "sql": sql,
            "params": f"{params:016x}",
            "system": "postgresql",
            "host": "db:5432",
            "database": "shop",
            "connection": 1,
            "library": "asyncpg",
            "rows": 1,
        }
        return self.span("query", sql, path, MS + params % 7 * 1000, attrs | more if more else attrs, parent)

    def request(
        self, template: str, path: Path_, params: dict[str, str], parent: int | None = None, **more: Any
    ) -> Span:
        """A request as the probes tell it."""
        host = more.pop("host", "api.test")
        attrs = {
            "method": "GET",
            "host": host,
            "template": template,
            "params": params,
            "status": 200,
            "connection": "reused",
            "library": "aiohttp",
            "bytes_received": 900,
            **more,
        }
        return self.span("request", f"GET {host}{template}", path, 20 * MS, attrs, parent)


# A program: one file per kind of function, PLACES functions in each

BODIES = {
    "loop": """
    rows = await db.fetch(LIST)
    for row in rows:
        await db.fetch(ONE, row.id)
    return rows""",
    "same": """
    for _ in range(6):
        await db.fetch(SETTING, 1)
        work()
    return None""",
    "turns": """
    for row in rows:
        await db.fetch(A, row.id)
        await db.fetch(B, row.id)
        await db.fetch(C, row.id)""",
    "write": """
    for row in rows:
        await db.execute(INSERT, row)
        work()
    return None""",
    "calls": """
    for item in items:
        await http.get(item.url)
        work()
    return None""",
    "again": """
    for item in items:
        await http.get(CONFIG)
        work()
    return None""",
    "serial": """
    a = await http.get(A)
    b = await http.get(B)
    c = await http.get(C)
    return a, b, c""",
    "gather": """
    await asyncio.gather(*(http.get(item.url) for item in items))
    work()
    work()
    return None""",
    "connect": """
    for row in rows:
        db = await asyncpg.connect()
        await db.fetch(ONE, row.id)
    return None""",
    "single": """
    row = await db.fetch(ONE, 1)
    work(row)
    work(row)
    return row""",
    "hold": """
    time.sleep(0.2)
    work()
    await lock.acquire()
    return None""",
    "pages": """
    for page in pages:
        await db.fetch(PAGE, page)
        work()
    return None""",
}
"""Line 0 of a body is the first behind the ``def``."""

_LINES = 6
"""Of one function, with the blank line behind it."""


def write_program(folder: str) -> None:
    """The source files that the paths name."""
    for kind, body in BODIES.items():
        lines = []
        for n in range(PLACES):
            lines += [f"async def {kind}_{n}(db, http, rows, items, pages):{body}", ""]
        app = Path(folder, "app")
        app.mkdir(exist_ok=True)
        app.joinpath(f"{kind}.py").write_text("\n".join(lines), encoding="utf-8")


MAIN = Frame("app/main.py", 10, "main")


class Paths:
    """The call paths of the program; the same object for the same line."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int], Path_] = {}

    def of(self, kind: str, place: int, line: int = 1) -> Path_:
        """The path to a line of the body of one function."""
        key = (kind, place, line)
        path = self._known.get(key)
        if path is None:
            number = place * _LINES + line + 2
            path = (
                Frame(f"app/{kind}.py", number, f"{kind}_{place}"),
                Frame("app/views.py", place + 1, "view"),
                MAIN,
            )
            self._known[key] = path
        return path


def mixed() -> Iterator[Span]:
    """What a recording of a program with every kind of trouble holds, its user's own spans around it."""
    clock, paths = Clock(), Paths()
    makers = (_loop, _spans, _same, _turns, _writes, _spans, _calls, _again, _serial, _spans, _gather)
    makers += (_connects, _single, _spans, _refused, _hold, _pages, _single, _batches, _spans)
    for n, make in enumerate(cycle(makers)):
        place, turn = n // len(makers) % PLACES, n // len(makers)
        clock.task = turn % 50 + 1
        own = clock.span("span", f"handle {place}", paths.of("single", place), 3 * MS, {}, None)
        yield own
        yield from make(clock, paths, place, turn, own.id)


def _loop(clock, paths, place, turn, own):
    path = paths.of("loop", place, 2)
    for n in range(10):
        yield clock.query(f"SELECT name FROM table_{place} WHERE id = ?", path, 10 * turn + n, own)


def _same(clock, paths, place, turn, own):
    for _ in range(6):
        yield clock.query(
            f"SELECT value FROM settings_{place} WHERE name = ?", paths.of("same", place), place, own
        )


def _turns(clock, paths, place, turn, own):
    for n in range(4):
        for line, table in enumerate("abc", 1):
            path = paths.of("turns", place, line)
            yield clock.query(f"SELECT x FROM {table}_{place} WHERE id = ?", path, 4 * turn + n, own)


def _writes(clock, paths, place, turn, own):
    for n in range(8):
        path = paths.of("write", place)
        yield clock.query(
            f"INSERT INTO log_{place} (a, b) VALUES (?, ?)", path, 8 * turn + n, own, transaction=True
        )


def _calls(clock, paths, place, turn, own):
    for n in range(8):
        params = {"path": f"{8 * turn + n:016x}"}
        yield clock.request(
            f"/users_{place}/{{id}}", paths.of("calls", place), params, own, host=f"h{place % HOSTS}"
        )


def _again(clock, paths, place, turn, own):
    for _ in range(5):
        yield clock.request(f"/config_{place}", paths.of("again", place), {}, own, host=f"h{place % HOSTS}")


def _serial(clock, paths, place, turn, own):
    for line, name in enumerate("abc"):
        yield clock.request(f"/{name}_{place}", paths.of("serial", place, line), {}, own, host=f"s{line}")


def _gather(clock, paths, place, turn, own):
    start = clock.now
    for n in range(8):
        clock.now = start + n
        clock.task = 100 + n
        params = {"?id": f"{8 * turn + n:016x}"}
        yield clock.request(f"/parts_{place}?id=", paths.of("gather", place, 0), params, own, host="parts")


def _connects(clock, paths, place, turn, own):
    for n in range(4):
        attrs = {"system": "postgresql", "host": "db:5432", "database": "shop", "library": "asyncpg"}
        yield clock.span("connect", "connect db:5432", paths.of("connect", place), 5 * MS, attrs, own)
        path = paths.of("connect", place, 2)
        yield clock.query("SELECT 1 FROM c WHERE id = ?", path, 4 * turn + n, own, connection=4 * turn + n)


def _single(clock, paths, place, turn, own):
    number = (turn * 7 + place * 13) % TEMPLATES
    yield clock.query(
        f"SELECT c{number} FROM single WHERE id = ?", paths.of("single", place, 0), turn, own, rows=500
    )
    yield clock.query("BEGIN", paths.of("single", place, 0), 0, own)


def _refused(clock, paths, place, turn, own):
    for n in range(4):
        more = {"status": 429} if n < 3 else {}
        params = {"path": f"{turn:016x}"}
        yield clock.request(
            f"/r_{place}/{{id}}", paths.of("calls", place), params, own, host="limited", **more
        )


def _hold(clock, paths, place, turn, own):
    attrs = {"threshold_ns": 50 * MS, "call": "time.sleep", "library": "asyncio"}
    for _ in range(3):
        yield clock.span("blocked", "time.sleep", paths.of("hold", place, 0), 200 * MS, attrs, own)
    for _ in range(4):
        yield clock.span(
            "wait", "asyncio.Lock.acquire", paths.of("hold", place, 2), 30 * MS, {"library": "asyncio"}, own
        )


def _pages(clock, paths, place, turn, own):
    sql = f"SELECT id FROM big_{place} WHERE id > ? ORDER BY id LIMIT ?"
    for n in range(6):
        each = [f"{6 * turn + n:08x}", "00000064"]
        yield clock.query(sql, paths.of("pages", place), 6 * turn + n, own, rows=100, each=each)


def _batches(clock, paths, place, turn, own):
    for _ in range(4):
        more = {
            "host": "portal",
            "rpc": "batch",
            "batch": 50,
            "body": f"batch(crm.deal_{place}.list)",
            "method": "POST",
        }
        yield clock.request("/rest/{user}/{token}/batch", paths.of("calls", place, 2), {}, own, **more)


def _spans(clock, paths, place, turn, own):
    parent = own
    for depth in range(14):
        span = clock.span("span", f"step {depth}", paths.of("single", place, 1)[:1], 2 * MS, {}, parent)
        parent = span.id if depth % 3 else own
        yield span
