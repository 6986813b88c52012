"""What the operations of a whole trace came to: how many failed, and how long queries took."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from perfkit.model import Span, Trace

REFUSED = 429
SERVER_ERROR = 500


class Operations(Struct, frozen=True):
    """Of requests and queries: how many there were (``total``) and how many ``failed``.

    ``query_p95_ns`` is the 95th percentile of the ``queries``; None without any.
    """

    total: int = 0
    failed: int = 0
    queries: int = 0
    query_p95_ns: int | None = None


def operations_of(trace: Trace) -> Operations:
    """Sum up the requests and queries of ``trace``; each attempt counts, one that is tried again, too."""
    spans = trace.of_kind("request", "query")
    queries = [span.duration_ns for span in spans if span.kind == "query" and span.end_ns >= 0]
    return Operations(
        total=len(spans),
        failed=sum(map(has_failed, spans)),
        queries=len(queries),
        query_p95_ns=p95(queries) if queries else None,
    )


def has_failed(span: Span) -> bool:
    """Whether it raised, got no answer, was refused (429), or the server failed (500 and above).

    >>> has_failed(Span(1, None, "request", "GET /a", 0, 5, attrs={"status": 503}))
    True
    >>> has_failed(Span(1, None, "request", "GET /a", 0, 5, attrs={"status": 404}))
    False
    """
    if span.error is not None:
        return True
    status = span.attrs.get("status") or 0
    return span.kind == "request" and (not status or status == REFUSED or status >= SERVER_ERROR)


def p95(values: Sequence[int]) -> int:
    """The 95th percentile by nearest rank: of fewer than 20 values the largest.

    >>> p95(range(1, 101)), p95([3, 9, 4])
    (95, 9)
    """
    return sorted(values)[-(-95 * len(values) // 100) - 1]
