"""Spans gathered by trace until the trace is whole, or until there are too many to hold.

A collector writes batches by time, so the spans of one trace lie far apart in a file, or in several files.
What is held is compact: some two hundred bytes a span.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.origins import Origin
from perfkit.model import Frame, Span

MAX_OPEN_SPANS = 500_000
"""Held at once. Beyond it the traces that were extended longest ago are taken to be whole."""

MAX_SHAPES = 50_000
MAX_REMEMBERED = 100_000
"""So many traces that were let go are known again when they go on."""

_VARYING = frozenset({"params", "values"})
"""Attributes that are texts and different for each span."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


class _Shape(NamedTuple):
    """What many spans share."""

    kind: str
    name: str
    site: Frame | None
    path: tuple[Frame, ...]
    error: str | None
    attrs: tuple[tuple[str, str | bool], ...]


class OpenTrace:
    """The spans of one trace so far, with the file's own ids."""

    __slots__ = ("_own", "_shapes", "origins")

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._own: list[bytes] = []
        self.origins: list[Origin] = []

    def __len__(self) -> int:
        return len(self._own)

    def add(self, shape: _Shape, own: bytes, origin: Origin) -> None:
        """One more span."""
        self._shapes.append(shape)
        self._own.append(own)
        self.origins.append(origin)

    def take(self) -> list[Span]:
        """The spans in the order in which they came. Nothing is left here, so that a large trace fits.

        Attributes that are the same are one object: they are not for changing.
        """
        self._shapes.reverse()
        self._own.reverse()
        shared: dict[tuple[int, int], dict[str, Any]] = {}
        found = []
        for origin in self.origins:
            shape = self._shapes.pop()
            attrs = shared.get((id(shape), id(origin)))
            if attrs is None:
                attrs = {**dict(shape.attrs), **({"service": origin.service} if origin.service else {})}
                shared[id(shape), id(origin)] = attrs
            found.append(_expanded(shape, self._own.pop(), attrs))
        return found


def _expanded(shape: _Shape, own: bytes, attrs: dict[str, Any]) -> Span:
    number, parent, start_ns, end_ns, task, thread, cpu_ns, varying = _decode(own)
    return Span(
        id=number,
        parent=parent,
        kind=shape.kind,
        name=shape.name,
        start_ns=start_ns,
        end_ns=end_ns,
        site=shape.site,
        path=shape.path,
        task=task,
        thread=thread,
        attrs={**attrs, **varying} if varying else attrs,
        error=shape.error,
        cpu_ns=cpu_ns,
    )


class Collector:
    """Holds the traces that are not known to be whole. ``reopened``: so many went on after they had left."""

    def __init__(self, left_out: LeftOut, max_spans: int = MAX_OPEN_SPANS) -> None:
        self._left_out = left_out
        self._max_spans = max_spans
        self.reopened = 0
        self._held = 0
        self._open: OrderedDict[str, OpenTrace] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()
        self._shapes: dict[_Shape, _Shape] = {}

    def add(self, trace: str, span: Span, origin: Origin) -> None:
        """Add a span to its trace."""
        found = self._open.get(trace)
        if found is None:
            found = self._open[trace] = OpenTrace()
            if trace in self._gone:
                del self._gone[trace]
                self.reopened += 1
                self._left_out.add("judged in parts", "trace", "(more spans followed after much else)")
        else:
            self._open.move_to_end(trace)
        found.add(*self._compact(span), origin)
        self._held += 1

    def overflow(self) -> Iterator[tuple[str, OpenTrace]]:
        """Those to let go of, so that no more is held than may be; a tenth less, to come here seldom."""
        if self._held > self._max_spans:
            while self._held > self._max_spans * 0.9 and self._open:
                trace, spans = self._release()
                self._left_out.add(
                    "judged early",
                    "trace",
                    f"(perhaps not whole: {self._max_spans:,} spans are held at most)",
                )
                self._gone[trace] = None
                if len(self._gone) > MAX_REMEMBERED:
                    self._gone.popitem(last=False)
                yield trace, spans

    def rest(self) -> Iterator[tuple[str, OpenTrace]]:
        """All others, at the end."""
        while self._open:
            yield self._release()

    def _release(self) -> tuple[str, OpenTrace]:
        trace, spans = self._open.popitem(last=False)
        self._held -= len(spans)
        return trace, spans

    def _compact(self, span: Span) -> tuple[_Shape, bytes]:
        shared: list[tuple[str, str | bool]] = []
        varying: dict[str, Any] = {}
        for key, value in span.attrs.items():
            if type(value) in (str, bool) and key not in _VARYING:
                shared.append((key, value))
            else:
                varying[key] = value
        shape = _Shape(span.kind, span.name, span.site, span.path, span.error, tuple(shared))
        times = (span.id, span.parent or 0, span.start_ns, span.end_ns)
        own = _encode((*times, span.task, span.thread, span.cpu_ns, varying))
        if len(self._shapes) > MAX_SHAPES:
            self._shapes.clear()
        return self._shapes.setdefault(shape, shape), own
