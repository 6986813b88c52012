"""A clock and the spans that are open on it: traces told from the inside, one call after another."""

from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
"""Kinds of spans, as OTLP numbers them."""

EPOCH_NS = 1_762_160_400_000_000_000
"""When the first trace of each file begins."""


class Scope(NamedTuple):
    """The instrumentation that makes a span."""

    name: str
    version: str = "0.49b2"


class Op(NamedTuple):
    """What an instrumentation tells of one operation."""

    name: str
    kind: int
    attributes: dict
    scope: Scope

    def but(self, **changes):
        """The same with another ``name`` or ``kind``."""
        return self._replace(**changes)

    def plus(self, **attributes):
        """The same with more attributes; ``__`` in a name stands for a dot."""
        more = {name.replace("__", "."): value for name, value in attributes.items()}
        return self._replace(attributes={**self.attributes, **more})


class Service(NamedTuple):
    """Who exports the spans."""

    name: str
    language: str = "python"
    instance: str = "7d9c4-x2x8q"


@dataclass
class Recorded:
    """One span as it will be written."""

    trace_id: str
    span_id: str
    parent_id: str
    op: Op
    service: Service
    start_ns: int
    end_ns: int = 0
    error: str = ""
    events: list = field(default_factory=list)


class File:
    """The traces of one file, and how it is written."""

    def __init__(self, name):
        self.spans = []
        self.random = Random(name)
        self.now_ns = EPOCH_NS

    def trace(self, service):
        """A further trace; it begins a moment after the one before."""
        self.now_ns += self.random.randrange(2_000_000, 90_000_000)
        return Recorder(self, service)

    def hexadecimal(self, digits):
        """A new id."""
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"


class Recorder:
    """One trace: what is opened lies below what is open, and each call takes the clock on."""

    def __init__(self, file, service):
        self._file = file
        self._id = file.hexadecimal(32)
        self._open = []
        self.service = service

    @contextmanager
    def open(self, op, error=""):
        """Everything within is below it."""
        self.pause(0.05)
        file = self._file
        parent = self._open[-1] if self._open else ""
        span = Recorded(self._id, file.hexadecimal(16), parent, op, self.service, file.now_ns, error=error)
        file.spans.append(span)
        self._open.append(span.span_id)
        yield span
        self._open.pop()
        self.pause(0.02)
        span.end_ns = file.now_ns

    def call(self, op, ms=1.0, error=""):
        """One operation without anything below it."""
        with self.open(op, error) as span:
            self.pause(ms)
        return span

    def call_at(self, op, start_ns, ms):
        """The same at a given moment; the clock stays where it is."""
        file, now_ns = self._file, self._file.now_ns
        file.now_ns = start_ns
        span = self.call(op, ms)
        file.now_ns = now_ns
        return span

    def another(self):
        """A further trace of the same file and service."""
        return self._file.trace(self.service)

    def pause(self, ms):
        """The clock goes on; no two pauses are quite equal."""
        self._file.now_ns += round(ms * 1e6 * self._file.random.uniform(0.85, 1.15))

    def together(self, items, apart_ms=0.2):
        """Each item begins ``apart_ms`` after the one before, whatever that one took."""
        start, latest = self._file.now_ns, self._file.now_ns
        for number, item in enumerate(items):
            self._file.now_ns = start + round(number * apart_ms * 1e6)
            yield item
            latest = max(latest, self._file.now_ns)
        self._file.now_ns = latest

    @contextmanager
    def within(self, service):
        """Another service records what happens here."""
        before, self.service = self.service, service
        yield
        self.service = before

    @contextmanager
    def below_unsampled(self):
        """Below a span that nobody exported."""
        self._open.append(self._file.hexadecimal(16))
        yield
        self._open.pop()
