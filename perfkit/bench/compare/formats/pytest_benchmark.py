"""JSON of pytest-benchmark (--benchmark-json, --benchmark-save): all rounds are of one process.

Source: pytest-benchmark 5.3, ``session.py`` and ``stats.py``; times are in seconds.
"""

from __future__ import annotations

from typing import Any

from perfkit.bench.compare.stored import Benchmark, Stored, facts, nanoseconds
from perfkit.errors import RunFileError

NAME = "pytest-benchmark"
COUNTERS = ("queries", "requests", "connects", "transactions")
"""What perfkit's plugin puts into ``extra_info``, of one call."""


def matches(document: dict[str, Any]) -> bool:
    """Benchmarks beside a description of the machine."""
    return "benchmarks" in document and "machine_info" in document


def read(document: dict[str, Any], source: str) -> Stored:
    """The least and the median round of each benchmark."""
    info = document["machine_info"]
    cpu = info.get("cpu") or {}
    stored = Stored(
        tool=NAME,
        machine=facts(
            Python=f"{info.get('python_implementation', '')} {info.get('python_version', '')}".strip(),
            system=f"{info.get('system', '')} {info.get('machine', '')}".strip(),
            processor=cpu.get("brand_raw") or cpu.get("brand"),
        ),
        hidden=facts(machines=info.get("node")),
    )
    for found in document["benchmarks"]:
        stats = found["stats"]
        stored.add(
            Benchmark(
                name=str(found.get("fullname") or found["name"]),
                least_ns=nanoseconds(stats["min"], source),
                median_ns=nanoseconds(stats["median"], source),
                counters=_counters(found.get("extra_info") or {}),
            )
        )
    if not stored.benchmarks:
        raise RunFileError(f"{source} holds no benchmarks: was anything collected?")
    return stored


def _counters(extra: dict[str, Any]) -> dict[str, int]:
    return {name: extra[name] for name in COUNTERS if type(extra.get(name)) is int}
