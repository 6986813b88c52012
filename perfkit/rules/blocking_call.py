"""PK202: a call that keeps the event loop's thread to itself, so that every other task waits for it, too.

Two kinds of evidence: spans of synchronous libraries in a task, from the first call; and "blocked" spans,
steps of the loop that took longer than the probe's threshold, for computing and for what no probe knows. A
step that held the loop because of a call of the first kind is that call's. JSON is PK403's.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any, NamedTuple

from perfkit.model import Finding, Frame, Span, busy_ns
from perfkit.rules import holding
from perfkit.rules.blocking_savings import Held, predict
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

CODE = "PK202"
NAME = "blocking-call"

SHARE = 10
"""An operation that took less than such a part of a long step did not make it long."""

_IN_MEMORY = ("", ":memory:")
_MAIN = ("query", "request", "wait")
_COUNTED = (*_MAIN, "blocked")
_ENDS_OF_POOLS = ("Executor.__exit__", "Executor.shutdown")

_FIXES = {
    "django": "use the ORM's asynchronous methods (aget, acreate, async for), or asgiref's sync_to_async",
    "httpx": "use httpx.AsyncClient and await its calls",
    "psycopg": "use psycopg.AsyncConnection and await its calls",
    "redis": "use redis.asyncio.Redis and await its calls",
    "requests": "use an asynchronous client (aiohttp, httpx.AsyncClient)",
    "sqlalchemy": "use create_async_engine and AsyncSession, with an asynchronous driver",
    "sqlite3": "use aiosqlite",
    "urllib3": "use an asynchronous client (aiohttp, httpx.AsyncClient)",
}
"""What to do instead, by the library that was called."""


class Operations(NamedTuple):
    """Of one thread, in order of their start: what holds the loop up by its nature, and what may."""

    certain: list[Span]
    slight: list[Span]


def check(view: View) -> list[Finding]:
    """One finding per line that holds the loop up, the costliest first."""
    held = _held(view)
    groups: dict[Frame | None, list[Span]] = {}
    lines: dict[int, Frame | None] = {}
    for span in held.spans:
        key = id(span.path)  # paths are shared between spans
        if key not in lines:
            lines[key] = holding.line(view, span)
        groups.setdefault(lines[key], []).append(span)
    found = {line: spans for line, spans in groups.items() if _is_worth_it(spans)}
    return by_cost([_finding(view, line, s, held) for line, s in _together(found).items()])


def _held(view: View) -> Held:
    known = _operations(view)
    found = {span.id: span for operations in known.values() for span in operations.certain}
    waiting: dict[int, int] = {}
    for step in view.trace.spans:
        if step.kind == "blocked" and (not step.task or holding.is_on_loop(view, step)):
            reasons = _reasons(view, step, known.get(step.thread, Operations([], [])))
            found.update((span.id, span) for span in reasons)
            waiting.update((span.id, step.attrs.get("waiting", 0)) for span in reasons)
    began: dict[int, int] = {}
    for span in view.trace.spans if found else ():
        began.setdefault(span.task, span.start_ns)
    return Held(sorted(found.values(), key=lambda span: span.start_ns), waiting, began)


def _operations(view: View) -> dict[int, Operations]:
    """What synchronous libraries did in tasks, per thread."""
    known: dict[int, Operations] = {}
    requests = set[int]()
    for span in view.trace.spans:
        if not span.task or span.end_ns < 0 or not _is_synchronous(span):
            continue
        if span.kind == "request":
            requests.add(span.id)
        elif span.kind == "connect" and span.parent in requests:
            continue  # the request's own time
        if span.duration_ns and holding.is_on_loop(view, span):
            operations = known.setdefault(span.thread, Operations([], []))
            (operations.slight if _is_slight(span) else operations.certain).append(span)
    return known


def _is_synchronous(span: Span) -> bool:
    if span.kind == "wait":
        return span.attrs.get("library") == "threading"
    if span.kind not in ("query", "transaction", "request", "connect"):
        return False
    return span.attrs.get("library") in holding.SYNCHRONOUS or bool(span.attrs.get("blocking"))


def _is_slight(span: Span) -> bool:
    """Whether it need not take any time: it counts if a step of the loop took long because of it."""
    if span.kind == "wait":
        return span.name != holding.SLEEP
    if span.attrs.get("system") != "sqlite":
        return False
    return span.kind == "connect" or span.attrs.get("database") in _IN_MEMORY


def _reasons(view: View, step: Span, operations: Operations) -> list[Span]:
    """Why a step took so long: operations in it, or else the step itself if it shows anything."""
    certain, slight = (_within(spans, step) for spans in operations)
    if _fill(certain, step) or any(span.path[:1] == step.path[:1] for span in certain):
        return certain
    if holding.is_long(step) and _fill(slight, step):
        return [span for span in slight if _is_share(span, step) and not span.name.endswith(_ENDS_OF_POOLS)]
    return [step] if holding.shows_work(step) and not holding.is_json(view, step) else []


def _within(spans: list[Span], step: Span) -> list[Span]:
    first = bisect_left(spans, step.start_ns, key=lambda span: span.start_ns)
    last = bisect_left(spans, step.end_ns, lo=first, key=lambda span: span.start_ns)
    return spans[first:last]


def _fill(operations: list[Span], step: Span) -> bool:
    """Whether a step would not have been long without these operations."""
    rest_ns = step.duration_ns - busy_ns(operations)
    return bool(operations) and rest_ns <= step.attrs.get("threshold_ns", 0)


def _is_share(operation: Span, step: Span) -> bool:
    return operation.duration_ns * SHARE >= step.duration_ns


def _is_worth_it(spans: list[Span]) -> bool:
    first = spans[0]
    return len(spans) > 1 or first.kind != "blocked" or not holding.is_doubtful(first)


def _together(groups: dict[Frame | None, list[Span]]) -> dict[Frame | None, list[Span]]:
    """Connections and transactions are of one piece with the function's queries by the same library."""
    homes: dict[Any, list[Span]] = {}
    for line, spans in groups.items():
        for library in {span.attrs.get("library") for span in spans if span.kind in _MAIN}:
            homes.setdefault(_home(line, library), spans)
    kept: dict[Frame | None, list[Span]] = {}
    for line, spans in groups.items():
        home = homes.get(_home(line, spans[0].attrs.get("library")))
        if home is None or home is spans or any(span.kind in _COUNTED for span in spans):
            kept[line] = spans
        else:
            home.extend(spans)
    return kept


def _home(line: Frame | None, library: Any) -> Any:
    return line and (line.file, line.function, library)


def _finding(view: View, line: Frame | None, spans: list[Span], held: Held) -> Finding:
    leading = _leading(spans)
    saving = predict(spans, held)
    return Finding(
        rule=CODE,
        name=NAME,
        template=_what(leading, line) if leading.kind == "blocked" else leading.name,
        count=len(_counted(spans)),
        spent_ns=busy_ns(spans),
        site=line,
        path=leading.path,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(spans, leading, line, max(held.waiting.get(span.id, 0) for span in spans)),
        fix=_fix(leading, line),
        span_ids=[span.id for span in spans],
        place=view.place(leading),
    )


def _leading(spans: list[Span]) -> Span:
    """The operation that says most about what to do: a call of a library rather than a step."""
    return next((span for kind in _COUNTED for span in spans if span.kind == kind), spans[0])


def _counted(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.kind in _COUNTED] or spans


def _function(span: Span, line: Frame | None) -> str:
    """The application's function that the line calls, if it does not call the library itself."""
    place = span.path.index(line) if line in span.path else 0
    below = (frame.function for frame in reversed(span.path[:place]) if not frame.function.startswith("<"))
    return next(below, "")


def _what(span: Span, line: Frame | None) -> str:
    """What a step did: what the line calls, or else what was running."""
    return _function(span, line) or str(span.attrs.get("call") or span.attrs.get("inside") or "computing")


def _evidence(spans: list[Span], leading: Span, line: Frame | None, waiting: int) -> list[str]:
    counted, longest = _counted(spans), max(span.duration_ns for span in spans)
    calls = f"{len(counted)} call{'s' if len(counted) > 1 else ''}"
    facts = [f"{calls} held the event loop for {text(busy_ns(spans))} in all, {text(longest)} at most"]
    if len(counted) < len(spans):
        facts.append(f"connections and ends of transactions around them: {len(spans) - len(counted)}")
    if leading.kind == "blocked":
        kind = "computing" if holding.is_computing(leading) else "waiting"
        inside = leading.attrs.get("inside")
        facts.append(f"{kind} in {inside}" if inside else kind)
    if leading.path and leading.path[0] != line:
        facts.append(f"the call itself is at {leading.path[0]}")
    if waiting:
        facts.append(f"others that were ready to run meanwhile: up to {waiting}")
    return facts


def _fix(span: Span, line: Frame | None) -> str:
    if span.kind == "blocked":
        return _fix_of_step(span, _what(span, line))
    if span.name == holding.SLEEP:
        return "await asyncio.sleep(...) in place of time.sleep."
    thread = f"await asyncio.to_thread({_function(span, line) or '...'})"
    if span.kind == "wait":
        return f"Do not wait for another thread here ({span.name}): {thread}, or use what asyncio has for it."
    library = str(span.attrs.get("library", ""))
    advice = _FIXES.get(library, "use an asynchronous library")
    return f"Do not call {library} in a coroutine: {advice}; or hand the call to a thread: {thread}."


def _fix_of_step(span: Span, what: str) -> str:
    what = "the work" if what == "computing" else what
    if not holding.is_computing(span):
        return f"Hand {what} to a thread (await asyncio.to_thread(...)), or use an asynchronous library."
    return (
        f"Take {what} off the loop: loop.run_in_executor with a ProcessPoolExecutor where Python itself "
        "computes, asyncio.to_thread where a library does so without the interpreter lock; "
        "or cut it up, with await asyncio.sleep(0) in between."
    )
