"""``assert_constant``: the number of queries and requests must not grow with the data.

No heuristics: the function is run at several sizes and its operations are counted by template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from types import CoroutineType
from typing import Any

from perfkit.errors import BudgetError, UsageError
from perfkit.model import Finding, Trace
from perfkit.recording import record

_COUNTED = ("query", "request", "connect", "transaction")


def assert_constant(
    function: Callable[[int], Any], *, sizes: Sequence[int] = (2, 5), slack: int = 0
) -> dict[int, dict[str, int]]:
    """Run ``function(size)`` for each size and raise BudgetError if it makes more operations at a larger one.

    ``slack`` more operations of one template are let pass. ``function`` works on data of that size, which
    is best there before: what it does to make them counts too, and so does what ``perfkit.allow`` permits.
    An ``async def`` is run with ``asyncio.run``; inside a running loop write ``await
    perfkit.testing.assert_constant(...)``. Returns the counts by kind for each size. Raises UsageError for
    fewer than two different sizes, and BudgetError when no operation was seen at all: a check that saw
    nothing has checked nothing.
    """
    traces = {}
    for size in _checked(sizes):
        with record() as rec:
            result = function(size)
            if hasattr(result, "__await__"):
                _run(result)
        traces[size] = rec.trace
    return compare(traces, slack)


async def assert_constant_async(
    function: Callable[[int], Awaitable[Any]], *, sizes: Sequence[int] = (2, 5), slack: int = 0
) -> dict[int, dict[str, int]]:
    """The same inside a running event loop: ``function(size)`` is awaited."""
    traces = {}
    for size in _checked(sizes):
        with record() as rec:
            await function(size)
        traces[size] = rec.trace
    return compare(traces, slack)


def compare(traces: dict[int, Trace], slack: int) -> dict[int, dict[str, int]]:
    """The counts by kind for each size, smallest first. Raises BudgetError naming each template that grew.

    With its line, its count at each size, and the exponent of the growth.
    """
    from perfkit.rules.growth import of_traces  # late: rules are not needed to import perfkit

    if not any(trace.of_kind(*_COUNTED) for trace in traces.values()):
        raise BudgetError(
            "assert_constant saw no query and no request at any size: nothing was checked. Is the library "
            "watched (perfkit doctor), and does the function use it?"
        )
    grown = of_traces(traces, slack)
    if grown:
        smallest, largest = min(traces), max(traces)
        sentences = "; ".join(_sentence(finding, traces[smallest], smallest, largest) for finding in grown)
        raise BudgetError(f"operations grow with the data (PK502): {sentences}")
    return {size: _by_kind(traces[size]) for size in sorted(traces)}


def _checked(sizes: Sequence[int]) -> list[int]:
    ordered = sorted(set(sizes))
    if len(ordered) < 2:
        raise UsageError(f"assert_constant needs two different sizes to compare, not {tuple(sizes)}")
    return ordered


def _run(result: Awaitable[Any]) -> None:
    import asyncio

    async def run() -> None:
        await result

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(run())
        return
    if isinstance(result, CoroutineType):
        result.close()
    raise UsageError("an event loop is running: write `await perfkit.testing.assert_constant(...)` instead")


def _by_kind(trace: Trace) -> dict[str, int]:
    return dict(Counter(span.kind for span in trace.of_kind(*_COUNTED)))


def _sentence(finding: Finding, small: Trace, smallest: int, largest: int) -> str:
    more = finding.count - sum(span.name == finding.template for span in small.of_kind(*_COUNTED))
    place = f" at {finding.site}" if finding.site else ""
    return f"+{more} {finding.template} (from {smallest} to {largest}){place} ({finding.evidence[0]})"
