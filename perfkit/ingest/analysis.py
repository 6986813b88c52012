"""The rules over files of traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from perfkit.ingest.aggregate import Rows
from perfkit.ingest.building import by_service
from perfkit.ingest.files import Progress
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.reading import Reader
from perfkit.model import Finding, Frame, Imported, Trace
from perfkit.rules import Limits, Sources, check

if TYPE_CHECKING:
    from perfkit.rules.parsed import Source


class Analysis(Struct):
    """What was found, in what. ``clock`` is "virtual" only if all traces were.

    ``remarks`` say what was read in another way than it stood there; ``interrupted``: by Ctrl-C.
    """

    findings: list[Finding]
    imported: Imported
    remarks: list[str]
    clock: str
    interrupted: bool


def analyze(
    names: Sequence[str],
    *,
    form: str | None = None,
    limits: Limits | None = None,
    per_trace: bool = False,
    progress: Progress | None = None,
) -> Analysis:
    """Judge all traces in the files ``names`` ("-": standard input).

    ``form`` is their format, by default told from each file's content. Findings are those of all traces
    together, or ``per_trace``; ``limits.min_spent_ms`` applies to what is returned. Raises TraceFileError or
    RunFileError for a file that cannot be read at all; of one that is damaged, what was left out is told.
    """
    limits, left_out, sources = limits or Limits(), LeftOut(), _PythonFiles()
    reader, rows = Reader(names, left_out, form=form, progress=progress), Rows(left_out, per_trace=per_trace)
    clocks, interrupted = set[str](), False
    try:
        for trace_id, trace in reader.traces():
            clocks.add(trace.clock)
            for warning in trace.warnings:
                left_out.remark(warning)
            for service, part in by_service(trace):
                rows.add(
                    _judge(part, replace(limits, min_spent_ms=0.0), sources, left_out), trace_id, service
                )
    except KeyboardInterrupt:
        interrupted = True
        left_out.say("interrupted: the rest of the files was not read")
    findings = [found for found in rows.findings() if found.spent_ns >= limits.min_spent_ms * 1e6]
    imported = Imported(
        ", ".join("standard input" if name == "-" else name for name in names),
        ", ".join(reader.formats),
        reader.count,
        reader.spans,
        left_out.losses(),
    )
    clock = "virtual" if clocks == {"virtual"} else "wall"
    return Analysis(findings, imported, left_out.remarks(), clock, interrupted)


def _judge(trace: Trace, limits: Limits, sources: Sources, left_out: LeftOut) -> list[Finding]:
    """What the rules find. A trace that one of them fails on must not cost the others."""
    try:
        return check(trace, limits, sources)
    except Exception as error:
        left_out.add(
            "not judged", "trace", f"that a rule failed on with {type(error).__name__}: please report it"
        )
        return []


class _PythonFiles(Sources):
    """The program's source files as far as they are here. A trace says which to read, so only what is one."""

    def of(self, frame: Frame) -> Source | None:
        """None for a file that is no Python by its name: reading some never ends."""
        return super().of(frame) if frame.file.endswith(".py") else None
