"""What one recorded process hands over: a file that grows while it runs, readable up to wherever it ends.

A file is a row of messages, each behind its length in four bytes: a Header, Chunks, and a Footer if the
process ended by itself. Spans are records of 64 bytes; names, paths and attributes are tables that the
chunks add to.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from perfkit.model import Frame, HostFacts, Span, Trace
from perfkit.model.profile import Profile

RECORD = struct.Struct("<IIIIIHHqqqi8s")
"""number, parent (0: none), name, path, task, thread, error, start, duration (-1: unfinished), processor
time (all nanoseconds), rows (-1: not known), digest of the parameters (zeros: none); name, path and error
index tables."""

NO_PARAMS = bytes(8)


class Header(msgspec.Struct, tag="header"):
    """How the recording began. ``is_child``: a process of multiprocessing, which its parent may end."""

    pid: int
    clock: str
    start_ns: int
    is_child: bool = False


class Chunk(msgspec.Struct, tag="chunk"):
    """New entries of the tables, and spans in ``records``.

    ``names`` are (kind, name, attributes in JSON) without what differs from span to span; ``paths`` index
    ``frames``. ``computing_ns`` is the processor time of the process so far.
    """

    names: list[tuple[str, str, bytes]]
    frames: list[Frame]
    paths: list[tuple[int, ...]]
    errors: list[str]
    records: bytes
    computing_ns: int = 0


class Footer(msgspec.Struct, tag="footer"):
    """How it ended. ``computing_ns`` is the processor time of all threads of the process meanwhile."""

    end_ns: int
    computing_ns: int
    tracing_ns: int
    probes: list[str]
    hosts: list[HostFacts]
    warnings: list[str]
    profiles: list[Profile]
    dropped: int


Message = Header | Chunk | Footer


@dataclass
class Part:
    """One process's share.

    ``complete`` is False for one that was killed, or (``is_child``) ended by its parent.
    """

    trace: Trace
    computing_ns: int = 0
    complete: bool = False
    pid: int = 0
    is_child: bool = False
    profiles: list[Profile] = field(default_factory=list)


def message(content: Message) -> bytes:
    """One message as it stands in the file."""
    data = msgspec.msgpack.encode(content)
    return len(data).to_bytes(4, "big") + data


def read_part(path: Path) -> Part:
    """The part in a file. Raises ValueError or msgspec.DecodeError when it is none."""
    messages = _messages(path.read_bytes())
    header = next(messages, None)
    if not isinstance(header, Header):
        raise ValueError("it does not start as a recording does")
    reader = _Reader()
    part = Part(
        Trace(header.clock, header.start_ns, header.start_ns), pid=header.pid, is_child=header.is_child
    )
    for content in messages:
        if isinstance(content, Chunk):
            reader.add(content)
            part.computing_ns = content.computing_ns
        elif isinstance(content, Footer):
            _finish(part, content)
    part.trace.spans = reader.in_order()
    if not part.complete:
        part.trace.end_ns = max((s.end_ns for s in part.trace.spans), default=header.start_ns)
    return part


def _finish(part: Part, footer: Footer) -> None:
    trace = part.trace
    trace.end_ns, trace.probes, trace.hosts = footer.end_ns, footer.probes, footer.hosts
    trace.warnings, trace.dropped = footer.warnings, footer.dropped
    trace.cpu_ns, trace.tracing_ns = footer.computing_ns, footer.tracing_ns
    part.computing_ns, part.profiles, part.complete = footer.computing_ns, footer.profiles, True


def _messages(data: bytes) -> Iterator[Message]:
    """The whole messages; a last one that is cut short is left out."""
    decoder = msgspec.msgpack.Decoder(Message)
    place = 0
    while place + 4 <= len(data):
        end = place + 4 + int.from_bytes(data[place : place + 4], "big")
        if end > len(data):
            return
        yield decoder.decode(data[place + 4 : end])
        place = end


class _Reader:
    """The tables so far, and the spans."""

    def __init__(self) -> None:
        self._names: list[tuple[str, str, dict[str, Any]]] = []
        self._frames: list[Frame] = []
        self._paths: list[tuple[Frame, ...]] = []
        self._errors: list[str] = []
        self._spans: list[Span] = []

    def add(self, chunk: Chunk) -> None:
        """Take over what a chunk brings."""
        self._frames += chunk.frames
        self._errors += chunk.errors
        self._paths += (tuple(self._frames[i] for i in path) for path in chunk.paths)
        self._names += ((kind, name, msgspec.json.decode(attrs)) for kind, name, attrs in chunk.names)
        self._spans += map(self._span, RECORD.iter_unpack(chunk.records))

    def in_order(self) -> list[Span]:
        """All spans in order of their start, numbered from 1."""
        self._spans.sort(key=lambda span: (span.start_ns, span.id))
        numbers = {span.id: n for n, span in enumerate(self._spans, 1)}
        for span in self._spans:
            span.id = numbers[span.id]
            span.parent = numbers.get(span.parent) if span.parent else None
        return self._spans

    def _span(self, record: tuple[Any, ...]) -> Span:
        number, parent, name, path, task, thread, error, start_ns, duration_ns, cpu_ns, rows, params = record
        kind, label, shared = self._names[name]
        attrs = dict(shared)
        if params != NO_PARAMS:
            attrs["params"] = params.hex()
        if rows >= 0:
            attrs["rows"] = rows
        frames = self._paths[path]
        return Span(
            number,
            parent,
            kind,
            label,
            start_ns,
            start_ns + duration_ns if duration_ns >= 0 else -1,
            frames[0] if frames else None,
            frames,
            task,
            thread,
            attrs,
            self._errors[error] or None,
            cpu_ns,
        )
