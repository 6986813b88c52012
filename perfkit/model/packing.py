"""Traces as columns: a tenth of the size of rows, since paths, names and files repeat.

``pack`` and ``unpack`` are inverse to each other but for spans left out by ``limit``.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Generic, TypeVar

from msgspec import Struct, field

from perfkit.model.plain import represent
from perfkit.model.trace import Frame, HostFacts, Span, Trace

T = TypeVar("T", bound=Hashable)


class PackedTrace(Struct):
    """A trace as stored: one list per column, all of equal length; frames, paths and names are tables.

    ``paths`` holds indexes into ``frames``; ``path`` holds an index into ``paths``; ``name`` and ``kind``
    index ``names``. The site of a span is the first frame of its path (-1 in ``site``: none).
    """

    clock: str
    start_ns: int
    end_ns: int
    frames: list[Frame] = field(default_factory=list)
    paths: list[list[int]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    id: list[int] = field(default_factory=list)
    parent: list[int | None] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    name: list[int] = field(default_factory=list)
    span_start_ns: list[int] = field(default_factory=list)
    span_end_ns: list[int] = field(default_factory=list)
    site: list[int] = field(default_factory=list)
    path: list[int] = field(default_factory=list)
    task: list[int] = field(default_factory=list)
    thread: list[int] = field(default_factory=list)
    attrs: list[dict[str, Any]] = field(default_factory=list)
    error: list[str | None] = field(default_factory=list)
    hosts: list[HostFacts] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    dropped: int = 0
    warnings: list[str] = field(default_factory=list)
    span_cpu_ns: list[int] = field(default_factory=list)
    cpu_ns: int = -1
    tracing_ns: int = 0


class _Numbering(Generic[T]):
    """Values numbered in order of their first use."""

    def __init__(self) -> None:
        self.index: dict[T, int] = {}

    def __call__(self, value: T) -> int:
        return self.index.setdefault(value, len(self.index))

    def values(self) -> list[T]:
        return list(self.index)


def pack(trace: Trace, *, limit: int | None = None) -> PackedTrace:
    """The trace as columns, keeping at most the first ``limit`` spans; the rest is added to ``dropped``."""
    frames: _Numbering[Frame] = _Numbering()
    paths: _Numbering[tuple[int, ...]] = _Numbering()
    names: _Numbering[str] = _Numbering()
    kept = trace.spans if limit is None else trace.spans[:limit]
    packed = PackedTrace(trace.clock, trace.start_ns, trace.end_ns)
    for span in kept:
        packed.id.append(span.id)
        packed.parent.append(span.parent)
        packed.kind.append(names(span.kind))
        packed.name.append(names(span.name if isinstance(span.name, str) else represent(span.name)))
        packed.span_start_ns.append(span.start_ns)
        packed.span_end_ns.append(span.end_ns)
        packed.site.append(-1 if span.site is None else frames(span.site))
        packed.path.append(paths(tuple(frames(frame) for frame in span.path)))
        packed.task.append(span.task)
        packed.thread.append(span.thread)
        packed.attrs.append(span.attrs)
        packed.error.append(span.error)
        packed.span_cpu_ns.append(span.cpu_ns)
    packed.frames, packed.names = frames.values(), names.values()
    packed.paths = [list(path) for path in paths.values()]
    packed.hosts, packed.probes, packed.warnings = trace.hosts, trace.probes, trace.warnings
    packed.cpu_ns, packed.tracing_ns = trace.cpu_ns, trace.tracing_ns
    packed.dropped = trace.dropped + len(trace.spans) - len(kept)
    return packed


def unpack(packed: PackedTrace) -> Trace:
    """The trace that was packed. Raises IndexError or ValueError where the columns do not fit together."""
    frames, names = packed.frames, packed.names
    paths = [tuple(frames[i] for i in path) for path in packed.paths]
    columns = zip(
        packed.id,
        packed.parent,
        packed.kind,
        packed.name,
        packed.span_start_ns,
        packed.span_end_ns,
        packed.site,
        packed.path,
        packed.task,
        packed.thread,
        packed.attrs,
        packed.error,
        packed.span_cpu_ns or [-1] * len(packed.id),
        strict=True,
    )
    spans = [
        Span(
            id=id_,
            parent=parent,
            kind=names[kind],
            name=names[name],
            start_ns=start_ns,
            end_ns=end_ns,
            site=None if site < 0 else frames[site],
            path=paths[path],
            task=task,
            thread=thread,
            attrs=attrs,
            error=error,
            cpu_ns=cpu_ns,
        )
        for id_, parent, kind, name, start_ns, end_ns, site, path, task, thread, attrs, error, cpu_ns in (
            columns
        )
    ]
    return Trace(
        clock=packed.clock,
        start_ns=packed.start_ns,
        end_ns=packed.end_ns,
        spans=spans,
        hosts=packed.hosts,
        probes=packed.probes,
        dropped=packed.dropped,
        warnings=packed.warnings,
        cpu_ns=packed.cpu_ns,
        tracing_ns=packed.tracing_ns,
    )
