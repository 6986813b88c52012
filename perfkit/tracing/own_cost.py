"""What recording itself costs, measured here and now on this machine, to be stated beside the result."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cache

from perfkit.model.trace import Trace
from perfkit.tracing.open_spans import OpenSpan
from perfkit.tracing.scopes import current, enter, leave
from perfkit.tracing.spans import span

_ROUNDS, _SPANS = 5, 40


def own_cost_ns(trace: Trace) -> int:
    """About how many nanoseconds of the recording went into recording: spans of each sort times their cost.

    The minimum of several rounds, so rather too little than too much. What a probe does to describe a request
    comes on top.
    """
    spans = sum(1 for span in trace.spans if span.kind == "span")
    return cost_ns(spans, len(trace.spans) - spans)


def cost_ns(spans: int, operations: int) -> int:
    """The same for so many spans of the application's own, and so many of probes."""
    if not spans and not operations:
        return 0
    own, operation = _costs_ns()
    return round(own * spans + operation * operations)


@cache
def _costs_ns() -> tuple[float, float]:
    """Of one span of the application's own, and of one operation with its call path."""
    frame = sys._getframe().f_back

    def own() -> None:
        with span("s"):
            pass

    def operation() -> None:
        leave(enter("query", "q", {}, frame))

    before = current.get()
    # a span that knows of no recording: a recording that is open here must not take part
    current.set(OpenSpan("apart"))
    try:
        return _measured(own, operation)
    finally:
        current.set(before)


def _measured(own: Callable[[], None], operation: Callable[[], None]) -> tuple[float, float]:
    from perfkit.tracing.recorder import Recording

    with Recording():
        costs = []
        for action in (own, operation):
            rounds = []
            for _ in range(_ROUNDS):
                start = time.perf_counter_ns()
                for _ in range(_SPANS):
                    action()
                rounds.append(time.perf_counter_ns() - start)
            costs.append(min(rounds) / _SPANS)
    return costs[0], costs[1]
