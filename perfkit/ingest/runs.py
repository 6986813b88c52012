"""Runs that perfkit stored: the trace of a program, or one for each cell of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.errors import TraceFileError
from perfkit.ingest.building import MAX_DEPTH, build
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.own import RECORDING, checked
from perfkit.ingest.values import MAX_NS
from perfkit.model import PackedTrace, Run, Trace, unpack
from perfkit.model.plain import plain
from perfkit.model.storage import decode_run

MAX_RUN_BYTES = 1024**3
"""A run is held as a whole; a million spans take a fifth of this."""


def read(chunks: Iterator[bytes], label: str, left_out: LeftOut) -> Iterator[tuple[str, Trace]]:
    """A name and the trace, for each trace of the run. Raises RunFileError when it is damaged or too new."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_RUN_BYTES:
            raise TraceFileError(f"{label} is larger than a gigabyte, which no run of perfkit's is")
    run = decode_run(bytes(data), source=label)
    del data
    for name, packed in _traces(run):
        trace = _unpacked(packed, label)
        if trace.dropped:
            left_out.say(f"{name}: the run does not have {trace.dropped:,} of its spans")
        yield name, _in_order(trace, left_out)


def _traces(run: Run) -> Iterator[tuple[str, PackedTrace]]:
    if run.trace is not None:
        yield " ".join(run.command[2:4]) or "program", run.trace
    for scenario in run.scenarios:
        for cell in scenario.cells:
            if cell.trace is not None:
                yield f"{scenario.name} {cell.strategy} at {cell.size} in {cell.world}", cell.trace


def _unpacked(packed: PackedTrace, label: str) -> Trace:
    try:
        return unpack(packed)
    except (IndexError, ValueError, TypeError) as error:
        raise TraceFileError(f"{label} is not a whole perfkit run: the columns of a trace differ") from error


def _in_order(trace: Trace, left_out: LeftOut) -> Trace:
    """With attributes of the types that rules count on; put in order where the spans are not."""
    for span in trace.spans:
        span.attrs = checked(span.kind, plain(span.attrs))
    if _is_whole(trace):
        return trace
    left_out.remark("the spans of a run were not in order, and were put in order")
    for span in trace.spans:
        span.parent = span.parent or 0
        span.end_ns = max(span.start_ns, span.end_ns) if span.end_ns != -1 else -1
        span.kind = "span" if span.kind == RECORDING else span.kind
    rebuilt = build(trace.spans, trace.clock, left_out, layered=False)
    rebuilt.hosts, rebuilt.probes, rebuilt.warnings = trace.hosts, trace.probes, trace.warnings
    return rebuilt


def _is_whole(trace: Trace) -> bool:
    """Whether the spans are as recordings have them: in order of their start, with times, parents first."""
    depths: dict[int | None, int] = {None: 0}
    last_ns = -MAX_NS
    for span in trace.spans:
        fits = last_ns <= span.start_ns < MAX_NS and (
            span.start_ns <= span.end_ns < MAX_NS or span.end_ns == -1
        )
        if not fits or span.id in depths or span.parent not in depths or depths[span.parent] > MAX_DEPTH:
            return False
        depths[span.id] = depths[span.parent] + 1
        last_ns = span.start_ns
    return True
