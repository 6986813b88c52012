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
from perfkit.rules.blocking_savings import predict
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

CODE = "PK202"
NAME = "blocking-call"

_IN_MEMORY = ("", ":memory:")
_MAIN = ("query", "request", "wait")
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


class Held(NamedTuple):
    """What held loops up, and how many others were ready meanwhile, by number of the span."""

    spans: list[Span]
    waiting: dict[int, int]


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
    return by_cost([_finding(view, line, s, held.waiting) for line, s in _together(found).items()])


def _held(view: View) -> Held:
    known = _operations(view)
    found = {span.id: span for operations in known.values() for span in operations.certain}
    waiting: dict[int, int] = {}
    for step in view.trace.spans:
        if step.kind == "blocked" and (not step.task or holding.is_on_loop(view, step)):
            reasons = _reasons(view, step, known.get(step.thread, Operations([], [])))
            found.update((span.id, span) for span in reasons)
            waiting.update((span.id, step.attrs.get("waiting", 0)) for span in reasons)
    return Held(sorted(found.values(), key=lambda span: span.start_ns), waiting)


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
    certain = _within(operations.certain, step)
    if _explains(certain, step):
        return certain
    slight = _within(operations.slight, step)
    if _explains(slight, step):
        return [] if any(span.name.endswith(_ENDS_OF_POOLS) for span in slight) else slight
    return [step] if holding.shows_work(step) and not holding.is_json(view, step) else []


def _within(spans: list[Span], step: Span) -> list[Span]:
    first = bisect_left(spans, step.start_ns, key=lambda span: span.start_ns)
    last = bisect_left(spans, step.end_ns, lo=first, key=lambda span: span.start_ns)
    return spans[first:last]


def _explains(operations: list[Span], step: Span) -> bool:
    """Whether a step was long because of the operations in it, or shows one of them at least."""
    if not operations:
        return False
    rest_ns = step.duration_ns - busy_ns(operations)
    shown = step.path[:1]
    return rest_ns <= step.attrs.get("threshold_ns", 0) or any(op.path[:1] == shown for op in operations)


def _is_worth_it(spans: list[Span]) -> bool:
    first = spans[0]
    return len(spans) > 1 or first.kind != "blocked" or not holding.may_be_setup(first)


def _together(groups: dict[Frame | None, list[Span]]) -> dict[Frame | None, list[Span]]:
    """Connections and transactions are of one piece with the function's queries by the same library."""
    homes: dict[Any, list[Span]] = {}
    for line, spans in groups.items():
        for span in spans:
            if span.kind in _MAIN:
                homes.setdefault(_home(line, span), spans)
    kept: dict[Frame | None, list[Span]] = {}
    for line, spans in groups.items():
        home = homes.get(_home(line, spans[0]))
        if home is None or home is spans or any(span.kind in (*_MAIN, "blocked") for span in spans):
            kept[line] = spans
        else:
            home.extend(spans)
    return kept


def _home(line: Frame | None, span: Span) -> Any:
    return line and (line.file, line.function, span.attrs.get("library"))


def _finding(view: View, line: Frame | None, spans: list[Span], waiting: dict[int, int]) -> Finding:
    leading = _leading(spans)
    saving = predict(spans, waiting, view)
    return Finding(
        rule=CODE,
        name=NAME,
        template=_template(leading),
        count=len(_counted(spans)),
        spent_ns=busy_ns(spans),
        site=line,
        path=leading.path,
        saving_ns=saving.saving_ns,
        basis=saving.basis,
        evidence=_evidence(spans, leading, max(waiting.get(span.id, 0) for span in spans)),
        fix=_fix(leading),
        span_ids=[span.id for span in spans],
        place=view.place(leading),
    )


def _leading(spans: list[Span]) -> Span:
    """The operation that says most about what to do: a call of a library rather than a step."""
    return next((span for kind in (*_MAIN, "blocked") for span in spans if span.kind == kind), spans[0])


def _counted(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.kind in (*_MAIN, "blocked")] or spans


def _template(span: Span) -> str:
    if span.kind != "blocked":
        return span.name
    return str(span.attrs.get("call") or span.attrs.get("inside") or "computing")


def _evidence(spans: list[Span], leading: Span, waiting: int) -> list[str]:
    counted = _counted(spans)
    longest, taken = max(span.duration_ns for span in spans), busy_ns(spans)
    calls = f"{len(counted)} call{'s' if len(counted) > 1 else ''}"
    facts = [f"{calls} held the event loop for {text(taken)} in all, {text(longest)} at most"]
    if len(counted) < len(spans):
        facts.append(f"with {len(spans) - len(counted)} connections and ends of transactions around them")
    if leading.kind == "blocked":
        kind = "computing" if holding.is_computing(leading) else "waiting"
        inside = leading.attrs.get("inside")
        facts.append(f"{kind} in {inside}" if inside else kind)
    if waiting:
        facts.append(f"up to {waiting} other callbacks were ready to run meanwhile")
    return facts


def _fix(span: Span) -> str:
    if span.name == holding.SLEEP:
        return "await asyncio.sleep(...) in place of time.sleep."
    library = str(span.attrs.get("library", ""))
    if span.kind == "blocked":
        return _fix_of_step(span)
    if span.kind == "wait":
        return (
            f"Do not wait for another thread here ({span.name}): await asyncio.to_thread(...), "
            "or use what asyncio has for it."
        )
    advice = _FIXES.get(library, "use an asynchronous library")
    return f"Do not call {library} in a coroutine: {advice}; or await asyncio.to_thread(...) around the call."


def _fix_of_step(span: Span) -> str:
    what = str(span.attrs.get("call") or "what it does")
    if not holding.is_computing(span):
        return f"Hand {what} to a thread (await asyncio.to_thread(...)), or use an asynchronous library."
    return (
        f"Take {what} off the loop: loop.run_in_executor with a ProcessPoolExecutor where Python itself "
        "computes, asyncio.to_thread where a library does so without the interpreter lock; "
        "or cut it up, with await asyncio.sleep(0) in between."
    )
