"""The bridge from OpenTelemetry: spans of any library instrumented for it, in the recording that is active.

``PerfkitSpanProcessor`` can be added to any TracerProvider of the SDK; ``install`` adds one to the global
provider, also when that is set later. A span of OpenTelemetry's is current in perfkit from its start to its
end, even where it never becomes current in OpenTelemetry. What its sampler leaves out is not seen.

An operation that a probe of perfkit's records as well is counted once, and the probe knows more of it: a
client's span around or inside such a query, or such a request to the same host, is left out. That is known
when it ends, so only then it is stored: one that is under way when the recording ends is not in the trace.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, lru_cache, wraps
from types import FrameType
from typing import Any

from perfkit.fingerprints.names import is_method
from perfkit.probes.conventions import ENTRY_KINDS, SYSTEM, as_span, describe, shown_name
from perfkit.tracing import OpenSpan, Operation
from perfkit.tracing.callpath import capture
from perfkit.tracing.open_spans import Detour, Place
from perfkit.tracing.scopes import active, current, generator_of, innermost, place_in

LIBRARY = "opentelemetry.sdk.trace"
TESTED = ("1.45", "1.46")
"""Versions from the first up to, not including, the second are covered by tests."""

NAME = "opentelemetry"
"""``library`` among the attributes of its spans."""

MAX_UNDER_WAY = 100_000
"""Spans beyond it that nobody ends are unfinished, the oldest first."""

MAX_BELOW = 1_000
"""So many operations inside a span are compared with it."""

_OPENTELEMETRY = ("opentelemetry.sdk.", "opentelemetry.trace", "opentelemetry.util", "contextlib", __name__)


class _Bridged(Operation, eq=False):
    """A span of OpenTelemetry's, made by a ``tracer``.

    One that may be a query or a request waits: it is stored when it ends, and ``below`` takes the operations
    that are stored from the same task or thread until then. It is None for others.
    """

    tracer: str = ""
    below: list[OpenSpan] | None = None


class _Noting:
    """Stands in for a place's ``append`` while spans are ``waiting`` there."""

    __slots__ = ("store", "waiting")

    def __init__(self, store: Callable[[OpenSpan], None]) -> None:
        self.store = store
        self.waiting: list[_Bridged] = []

    def __call__(self, span: OpenSpan) -> None:
        self.store(span)
        if span.kind != "span":
            for opened in self.waiting:
                if opened.below is not None and len(opened.below) < MAX_BELOW:
                    opened.below.append(span)


_under_way: dict[tuple[int, int], _Bridged] = {}


def _key(context: Any) -> tuple[int, int]:
    return (context.trace_id, context.span_id)


def _start(span: Any, frame: FrameType) -> None:
    key = _key(span.context)
    scope = _scope_of(span)
    place = place_in(scope)
    if place is None or key in _under_way:
        return
    entry = {"entry": True} if span.kind.name in ENTRY_KINDS else {}  # also of one that never ends
    attrs = {"library": NAME, **entry}
    opened = _Bridged(shown_name(str(span.name), {}), attrs, scope, place, caller=capture(frame))
    opened.tracer, opened.held = _tracer(span), _generator(frame)
    if _may_be_operation(span):
        _wait(opened, place)
    else:
        place.append(opened)
    # a probe below must still see that the one above has the query already
    if opened.below is None or next(_chain(scope)).kind != "query":
        current.set(opened)
    ago_ns = _ago_ns(opened, span.start_time)
    now = place.now_ns()
    opened.start_ns = max(now - ago_ns, place.recording._start_ns)
    if now >= place.thread.due_ns:
        place.read_processor_clock(now)
    while len(_under_way) >= MAX_UNDER_WAY:
        _store(_under_way.pop(next(iter(_under_way))))
    _under_way[key] = opened


def _end(span: Any) -> None:
    opened = _under_way.pop(_key(span.context), None)
    if opened is None or opened.place is None or opened.recording.closed:
        return
    place, ago_ns = opened.place, _ago_ns(opened, span.end_time)
    now = place.now_ns()
    failure = None
    try:
        _describe(opened, span)
        failure = _failure(span, opened)
    finally:
        # last: what has ended may be written to a file at any time
        opened.end_ns, opened.held = max(opened.start_ns, now - ago_ns), failure
        _store(opened)
        if now >= place.thread.due_ns:
            place.read_processor_clock(now)


def _describe(opened: _Bridged, span: Any) -> None:
    name, facts, keep_values = str(span.name), dict(span.attributes or ()), opened.recording.keep_values
    if opened.below is None:
        described = as_span(name, facts, span_kind=span.kind.name, keep_values=keep_values)
    else:
        described = describe(name, span.kind.name, facts, keep_values=keep_values)
    opened.kind, opened.name = described.kind, described.name
    opened.attrs = {**described.attrs, "library": NAME, "tracer": opened.tracer}


def _may_be_operation(span: Any) -> bool:
    """Whether it can be a query or a request. A database in the same process may count as internal."""
    kind = span.kind.name
    return kind == "CLIENT" or (kind == "INTERNAL" and any(key in span.attributes for key in SYSTEM))


def _wait(opened: _Bridged, place: Place) -> None:
    opened.below = []
    noting = place.append
    if type(noting) is not _Noting:
        noting = place.append = _Noting(noting)
    noting.waiting.append(opened)


def _store(opened: _Bridged) -> None:
    """Store a span that waited, unless what it is has been recorded."""
    place, below = opened.place, opened.below
    if place is None or below is None:
        return
    noting = place.append
    if type(noting) is _Noting:
        noting.waiting.remove(opened)
        if not noting.waiting:
            place.append = noting.store
    opened.below = None
    if opened.end_ns < 0 or not _is_recorded(opened, below):
        place.append(opened)
    else:
        opened.kind = ""  # as a recording's root: it is in no trace


def _failure(span: Any, opened: _Bridged) -> str | None:
    """The name of the exception that ended the span, or of how it failed; None if it did not."""
    events = (event.attributes or {} for event in reversed(span.events) if event.name == "exception")
    exception = next(events, {})
    if span.status.status_code.name != "ERROR" and exception.get("exception.escaped") != "True":
        return None
    if not exception and opened.kind == "request" and opened.facts()["status"] >= 400:
        return None  # an answer, and no failure of the request
    kind = exception.get("exception.type") or span.attributes.get("error.type")
    return kind.rpartition(".")[2] if is_method(kind) else "error"


def _tracer(span: Any) -> str:
    scope = span.instrumentation_scope
    return "" if scope is None else _known_name(scope.name)


@lru_cache(maxsize=256)
def _known_name(name: str) -> str:
    return name if is_method(name) else ""


def _ago_ns(opened: _Bridged, unix_ns: int | None) -> int:
    """How long a moment of OpenTelemetry's, which may have been given by hand, lies in the past."""
    if unix_ns is None or opened.recording.clock.kind != "wall":
        return 0
    return max(0, time.time_ns() - unix_ns)


def _generator(frame: FrameType | None) -> FrameType | None:
    """The frame of the generator that opened the span in its body, if one did."""
    while frame is not None and str(frame.f_globals.get("__name__")).startswith(_OPENTELEMETRY):
        frame = frame.f_back
    return None if frame is None else generator_of(frame)


def _scope_of(span: Any) -> OpenSpan:
    """What a span belongs below: the innermost of perfkit's own spans inside OpenTelemetry's parent.

    Others of OpenTelemetry's that are open here, but not above it, are its siblings: they are stepped over.
    """
    from opentelemetry.trace import get_current_span

    inner = innermost()
    target = _open(span.parent) or _open(get_current_span().get_span_context())
    above = list(_chain(inner))
    while above and type(above[0]) is _Bridged and above[0] is not target:
        del above[0]
        inner = above[0] if above else inner
    return inner if target is None or target in above else target


def _open(context: Any) -> _Bridged | None:
    found = None if context is None else _under_way.get(_key(context))
    return None if found is None or found.recording.closed else found


def _chain(scope: OpenSpan | None) -> Iterator[OpenSpan]:
    """``scope`` and what lies above it, up to the outermost recording."""
    while scope is not None and scope.place is not None:
        if type(scope) is Detour:
            scope = scope.around
            continue
        yield scope
        scope = scope.parent


def _is_recorded(opened: _Bridged, below: list[OpenSpan]) -> bool:
    """Whether a span of a probe's around it, or any other inside it, is the same operation."""
    around = (other for other in _chain(opened.parent) if type(other) is not _Bridged)
    return any(_can_be(opened, other) for other in around) or any(
        _can_be(opened, other) and _is_layer_below(opened, other) for other in below
    )


def _can_be(opened: _Bridged, other: OpenSpan) -> bool:
    """Whether both can be one operation. Queries do not nest; requests do, to other hosts."""
    if other.kind != opened.kind or opened.kind == "span":
        return False
    if opened.kind != "request":
        return True
    mine, its = opened.facts(), other.facts()
    return all(mine.get(key) == its.get(key) for key in ("host", "method"))


def _is_layer_below(opened: _Bridged, other: OpenSpan) -> bool:
    """Whether ``other``, stored in the meantime, is no second operation of the same tracer or of another."""
    if not opened.start_ns <= other.start_ns <= other.end_ns:
        return False
    if type(other) is _Bridged and other.tracer == opened.tracer:
        return False
    # what never became current in OpenTelemetry has its layers beside it
    return other.name == opened.name or opened in _chain(other.parent)


class _Processor:
    """What a SpanProcessor of the SDK does, without the SDK."""

    enabled = True

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Open a span in the recording that is active here, if one is."""
        if active and self.enabled:
            with suppress(Exception):
                _start(span, sys._getframe(1))

    def on_end(self, span: Any) -> None:
        """Close it, and note what its attributes say by now."""
        if _under_way:
            with suppress(Exception):
                _end(span)

    def shutdown(self) -> None:
        """Take no more spans."""
        self.enabled = False

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is ever waiting."""
        return True


@cache
def _processor_class() -> Any:
    from opentelemetry.sdk.trace import SpanProcessor

    about = "Puts the spans of a TracerProvider into the recording that is active where each of them starts."
    return type(
        "PerfkitSpanProcessor", (_Processor, SpanProcessor), {"__doc__": about, "__module__": __name__}
    )


def __getattr__(name: str) -> Any:
    """``PerfkitSpanProcessor``, whose base class is the SDK's, made when it is asked for."""
    if name == "PerfkitSpanProcessor":
        return _processor_class()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_installed: list[Any] = []
_originals: list[Any] = []
_providers: list[Any] = []


def install() -> None:
    """Start watching the global TracerProvider. Does nothing when it is watched already."""
    from opentelemetry import trace

    if _installed:
        return
    _installed.append(_processor_class()())
    original = trace._set_tracer_provider
    _originals.append(original)

    @wraps(original)
    def _set_tracer_provider(*args: Any, **options: Any) -> None:
        original(*args, **options)
        _join(trace._TRACER_PROVIDER)

    trace._set_tracer_provider = _set_tracer_provider
    _join(trace._TRACER_PROVIDER)


def _join(provider: Any) -> None:
    if _installed and hasattr(provider, "add_span_processor") and provider not in _providers:
        provider.add_span_processor(_installed[0])
        _providers.append(provider)


def remove() -> None:
    """Put OpenTelemetry back as it was. Spans that are open by now are unfinished."""
    if not _installed:
        return
    from opentelemetry import trace

    processor = _installed.pop()
    processor.enabled = False  # for providers that do not let go of it
    trace._set_tracer_provider = _originals.pop()
    while _under_way:
        _store(_under_way.popitem()[1])
    while _providers:
        with suppress(AttributeError):
            watched = _providers.pop()._active_span_processor
            with watched._lock:
                watched._span_processors = tuple(p for p in watched._span_processors if p is not processor)
