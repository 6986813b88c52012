"""JSON of hyperfine (--export-json): each run of a command is a process.

Source: hyperfine's documented export; ``times`` are seconds, ``exit_codes`` null for a signal. It says
nothing of the machine.
"""

from __future__ import annotations

import re
from statistics import median
from typing import Any

from perfkit.bench.compare.stored import Benchmark, Stored, nanoseconds
from perfkit.errors import RunFileError

NAME = "hyperfine"

_LOGIN = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_SECRET = re.compile(
    r"((?:pass(?:word|wd)?|pwd|secret|token|api[-_]?key|auth)[=\s:]+|\b(?:bearer|basic)\s+)[^\s'\"&;]+",
    re.IGNORECASE,
)
"""Words of a command line that must not get into a report."""


def matches(document: dict[str, Any]) -> bool:
    """Results that have commands."""
    found = document.get("results")
    return isinstance(found, list) and (not found or (isinstance(found[0], dict) and "command" in found[0]))


def read(document: dict[str, Any], source: str) -> Stored:
    """The time of each run of each command."""
    stored = Stored(NAME)
    stored.notes.append(f"{source} does not say on which machine it was made; that is taken on trust.")
    for found in document["results"]:
        times = tuple(nanoseconds(value, source) for value in found.get("times") or ())
        codes = found.get("exit_codes") or []
        failed = sum(code != 0 for code in codes)
        stored.add(
            Benchmark(
                name=_masked(str(found["command"])),
                least_ns=min(times) if times else nanoseconds(found["min"], source),
                median_ns=median(times) if times else nanoseconds(found["median"], source),
                processes_ns=times,
                broken=f"{failed} of {len(codes)} runs ended with another exit code than 0" if failed else "",
            )
        )
    if not stored.benchmarks:
        raise RunFileError(f"{source} holds no commands")
    return stored


def _masked(command: str) -> str:
    """The command line without logins and secrets.

    >>> _masked("curl --token abc https://me:pw@host/x?api_key=1")
    'curl --token *** https://***@host/x?api_key=***'
    """
    return _SECRET.sub(r"\1***", _LOGIN.sub("***", command))
