"""Recordings as Chrome trace events: for Perfetto, chrome://tracing and ``perfkit analyze``.

Each recording is a process, each task of a thread a row. Of what a task does at once the first stands in its
row; the others are asynchronous events, since a row cannot show spans that overlap.

Source: the document "Trace Event Format" of the Chromium project.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from perfkit.model import Run, Span
from perfkit.model.plain import encode, plain, text
from perfkit.report.formats.conventions import attributes_of
from perfkit.report.formats.recordings import Lane, Recording, end_of, lanes, recordings

ID, PARENT = "perfkit.span_id", "perfkit.parent_id"
"""Arguments that tell which span an event is, and which holds it."""

_US = 1_000
Event = dict[str, Any]


def render(run: Run) -> bytes:
    """The JSON object format, times in microseconds from each recording's start, ending in a newline."""
    events = [
        event
        for process, recording in enumerate(recordings(run), 1)
        for event in _of_recording(process, recording)
    ]
    about = {"perfkit": run.perfkit, "kind": run.kind, "clock": run.clock, "outcome": run.outcome.name}
    document = {
        "traceEvents": msgspec.Raw(_lines(events)),
        "displayTimeUnit": "ms",
        "otherData": plain(about),
    }
    return encode(document) + b"\n"


def _lines(events: list[Event]) -> bytes:
    """An array with an event on each line, for those who look with a text editor."""
    return b"[\n" + b",\n".join(map(encode, events)) + b"\n]"


def _of_recording(process: int, recording: Recording) -> Iterator[Event]:
    trace = recording.trace
    rows = lanes(trace)
    main = [row for row in rows if not row.number]
    numbers = {(row.thread, row.task): number for number, row in enumerate(main, 1)}
    yield _named(process, 0, "process_name", recording.name)
    for row in main:
        yield _named(process, numbers[row.thread, row.task], "thread_name", row.name)
    timed = [
        event
        for row in rows
        for event in _events(process, numbers[row.thread, row.task], row, trace.start_ns)
    ]
    timed.append((0, -1, _whole(process, recording)))
    yield from (event for _, _, event in sorted(timed, key=lambda one: one[:2]))


def _named(process: int, thread: int, what: str, name: str) -> Event:
    return {"ph": "M", "pid": process, "tid": thread, "name": what, "args": {"name": name}}


def _whole(process: int, recording: Recording) -> Event:
    """What is known of the recording itself, as OTLP has it: an event in a row of its own."""
    trace = recording.trace
    facts = {
        "service": recording.scenario or None,
        "clock": trace.clock,
        "probes": trace.probes,
        "warnings": trace.warnings,
        "dropped": trace.dropped or None,
    }
    span = Span(0, None, "recording", "recording", 0, trace.duration_ns, attrs=facts, cpu_ns=trace.cpu_ns)
    return {"ph": "X", **_common(process, 0, span, 0), "dur": span.duration_ns / _US}


def _events(process: int, thread: int, row: Lane, zero_ns: int) -> Iterator[tuple[int, int, Event]]:
    """Each with its time and its place among those of one time: what ends, what begins, outer ones first."""
    for place, span in enumerate(row.spans):
        start_ns, took_ns = span.start_ns - zero_ns, end_of(span) - span.start_ns
        event = _common(process, thread, span, zero_ns)
        if not row.number:
            yield start_ns, place, {"ph": "X", **event, "dur": took_ns / _US}
            continue
        track = {"id": f"{thread}.{row.number}", "cat": "perfkit"}
        yield start_ns, place, {"ph": "b", **event, **track}
        end = {
            "ph": "e",
            "pid": process,
            "tid": thread,
            "name": event["name"],
            "ts": (start_ns + took_ns) / _US,
        }
        yield start_ns + took_ns, -1 if took_ns else place, {**end, **track}


def _common(process: int, thread: int, span: Span, zero_ns: int) -> Event:
    return {
        "pid": process,
        "tid": thread,
        "name": text(span.name) or text(span.kind),
        "cat": text(span.kind),
        "ts": (span.start_ns - zero_ns) / _US,
        "args": _arguments(span),
    }


def _arguments(span: Span) -> Event:
    known = {ID: span.id, PARENT: span.parent or 0, **attributes_of(span)}
    return {key: value for key, value in plain(known).items() if key and value not in (None, "", [], {})}
