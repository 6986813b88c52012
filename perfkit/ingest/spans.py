"""One span of a foreign trace in perfkit's words: values masked, with the line that its attributes name.

Its ``id`` and ``parent`` are still the file's own, as numbers (0: none).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from perfkit.fingerprints.names import is_method
from perfkit.ingest import own
from perfkit.ingest.left_out import LeftOut
from perfkit.model import Frame, Span
from perfkit.probes.conventions import MASKED, describe, frame

UNFINISHED = "unfinished"
REFUSED = 400
"""Statuses from here on say that something is wrong, and are answers all the same."""

MAX_NAME = 500
"""Longer names are cut: they are no names, and are looked through for values."""

LONGEST_NS = 365 * 86_400 * 1_000_000_000
"""A span beyond a year has no usable times."""

_NO_FACTS = ("code.", "thread.", "perfkit.", "exception.", "error.", "otel.", "telemetry.")
"""Attributes of spans that are no operation which say nothing the Span does not have."""


def interval(start_ns: int | None, end_ns: int | None, left_out: LeftOut) -> tuple[int, int] | None:
    """Start and end of a span that can be used (end -1: it has none); None if it has no place in time."""
    if start_ns is None or start_ns < 0:
        left_out.add("left out", "span", "without a usable start")
        return None
    if end_ns is None or end_ns < 0 or (end_ns == 0 and start_ns > 0):
        left_out.change("taken as unfinished", "span", "without a usable end")
        return start_ns, -1
    if end_ns < start_ns:
        left_out.change("taken as no time at all", "span", "with the end before the start")
        return start_ns, start_ns
    if end_ns - start_ns > LONGEST_NS:
        left_out.add("left out", "span", "with more than a year between start and end")
        return None
    return start_ns, end_ns


def span_of(
    name: str,
    span_kind: str,
    facts: Mapping[str, Any],
    times: tuple[int, int],
    *,
    number: int,
    parent: int,
    error: str | None = None,
    tracer: str = "",
) -> Span:
    """The span that ``facts``, its attributes, describe. ``tracer`` is the library that made it."""
    is_own, name = own.KIND in facts, name[:MAX_NAME]
    described = own.read_back(name, facts) if is_own else describe(name, span_kind, facts)
    site = _site(frame(facts))
    attrs = described.attrs if described.kind != "span" else _told(described.attrs)
    if tracer and not is_own and described.kind != "span" and is_method(tracer):
        attrs = {**attrs, "tracer": tracer}
    status = attrs.get("status", 0) if described.kind == "request" else 0
    if status >= REFUSED and error in ("error", str(status)):
        error = None  # an answer, and no failure of the request
    if error is None and times[1] < 0:
        error = UNFINISHED
    return Span(
        id=number,
        parent=parent,
        kind=described.kind,
        name=described.name,
        start_ns=times[0],
        end_ns=times[1],
        site=site,
        path=own.frames(site, facts) if is_own else (site,) if site else (),
        task=_small(facts.get("perfkit.task")),
        thread=thread_number(facts.get("perfkit.thread") if is_own else facts.get("thread.id")),
        attrs=attrs,
        error=error,
        cpu_ns=_small(facts.get("perfkit.cpu_ns"), -1),
    )


def failure(kind: object, fallback: object = None) -> str:
    """The name of an exception, without its module, as far as it is one."""
    for found in (kind, fallback):
        if is_method(found):
            return str(found).rpartition(".")[2] or "error"
    return "error"


def thread_number(value: object) -> int:
    """What tells threads apart, as a number; 0 for none."""
    if type(value) is int:
        return value if 0 <= value < 2**62 else value % 2**62
    if isinstance(value, str) and value:
        return int.from_bytes(blake2b(value.encode("utf-8", "replace"), digest_size=6).digest())
    return 0


def _told(attrs: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in attrs.items() if v != MASKED and not k.startswith(_NO_FACTS)}


def _small(value: object, otherwise: int = 0) -> int:
    return value if type(value) is int and 0 <= value < 2**62 else otherwise


@lru_cache(maxsize=4096)
def _site(found: Frame | None) -> Frame | None:
    """With the file relative to the working directory, where it lies below that."""
    if found is None:
        return None
    here = os.getcwd().replace(os.sep, "/").rstrip("/") + "/"
    return Frame(found.file.removeprefix(here), found.line, found.function)
