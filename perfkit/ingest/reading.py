"""Files in, traces out: one after another, as soon as each is whole or must be taken to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from perfkit.errors import TraceFileError, UnknownNameError
from perfkit.ingest import chrome, jaeger, otlp, runs
from perfkit.ingest.building import build
from perfkit.ingest.collecting import MAX_OPEN_SPANS, Collector, OpenTrace
from perfkit.ingest.cursor import Cursor
from perfkit.ingest.files import Progress, Source, texts
from perfkit.ingest.formats import CHROME, FORMATS, JAEGER, OTLP, PERFKIT, detect
from perfkit.ingest.left_out import LeftOut
from perfkit.model import Trace

_READERS = {OTLP: otlp.read, JAEGER: jaeger.read, CHROME: chrome.read}


class Reader:
    """Reads files of traces. ``formats`` are those found; ``count`` traces and ``spans`` were read so far.

    A trace may be spread over the files. Raises UnknownNameError for a format that does not exist, and
    TraceFileError, before anything is read, for a file that cannot be.
    """

    def __init__(
        self,
        names: Sequence[str],
        left_out: LeftOut,
        *,
        form: str | None = None,
        progress: Progress | None = None,
        max_open_spans: int = MAX_OPEN_SPANS,
    ) -> None:
        if form is not None and form not in FORMATS:
            raise UnknownNameError("format", form, FORMATS)
        self.formats: list[str] = []
        self.count = 0
        self.spans = 0
        self._form = form
        self._left_out = left_out
        self._max_open_spans = max_open_spans
        self._sources = [Source(name, left_out, progress) for name in names]
        for source in self._sources:
            if source.is_regular:
                head, chunks = source.open()
                del chunks
                self._format_of(source, head)

    def traces(self) -> Iterator[tuple[str, Trace]]:
        """The id and the trace, for each."""
        collector = Collector(self._left_out, self._max_open_spans)
        for judged, found in enumerate(self._all(collector), 1):
            self.count = judged - collector.reopened
            yield found

    def _all(self, collector: Collector) -> Iterator[tuple[str, Trace]]:
        for source in self._sources:
            head, chunks = source.open()
            form = self._format_of(source, head)
            if form not in self.formats:
                self.formats.append(form)
            if form == PERFKIT:
                yield from self._runs(source, chunks)
            else:
                yield from self._collected(form, source, chunks, collector)
        for trace_id, spans in collector.rest():
            yield trace_id, self._built(spans)

    def _format_of(self, source: Source, head: bytes) -> str:
        form = self._form or detect(head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"))
        if form is None:
            raise TraceFileError(
                f"{source.label} is JSON, but none of the formats that perfkit knows by their keys "
                f"({', '.join(FORMATS)}); if it is one, name it with --format"
            )
        return form

    def _runs(self, source: Source, chunks: Iterator[bytes]) -> Iterator[tuple[str, Trace]]:
        for name, trace in runs.read(chunks, source.label, self._left_out):
            self.spans += len(trace.spans)
            yield name, trace

    def _collected(
        self, form: str, source: Source, chunks: Iterator[bytes], collector: Collector
    ) -> Iterator[tuple[str, Trace]]:
        cursor = Cursor(texts(chunks, self._left_out))
        for trace_id, span, origin in _READERS[form](cursor, source.label, self._left_out):
            self.spans += 1
            collector.add(trace_id, span, origin)
            for closed_id, spans in collector.overflow():
                yield closed_id, self._built(spans)

    def _built(self, open_trace: OpenTrace) -> Trace:
        spans, first = open_trace.take(), open_trace.origins[0]
        if first.by_time:
            chrome.nest(spans)
        return build(spans, first.clock, self._left_out)
