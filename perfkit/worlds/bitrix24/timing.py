"""The ``time`` of an answer, from its modelled cost."""

from __future__ import annotations

from typing import Any

from perfkit.worlds.bitrix24.fields import iso


def time_of(start_s: float, cost_ns: int, *, whole_seconds: bool = False) -> dict[str, Any]:
    """Six of its fields, for a call that started at ``start_s`` (Unix time) and cost ``cost_ns``.

    ``whole_seconds``: ``start`` and ``processing`` are ints, as recent portals have them.

    >>> time_of(0.0, 1_500_000_000)["date_finish"]
    '1970-01-01T03:00:01+03:00'
    """
    duration_s = cost_ns / 1e9
    finish_s = start_s + duration_s
    return {
        "start": int(start_s) if whole_seconds else start_s,
        "finish": finish_s,
        "duration": duration_s,
        "processing": int(duration_s) if whole_seconds else duration_s,
        "date_start": iso(int(start_s)),
        "date_finish": iso(int(finish_s)),
    }
