"""perfkit finds out why code that waits on databases and HTTP services is slow, and proves the fix.

This module holds the public names and nothing else. Importing it needs msgspec only.

PYTEST_DONT_REWRITE: pytest would say so of each program that `perfkit run -- pytest` records.
"""

from typing import Any

from perfkit.bench.scenario import Scenario
from perfkit.constant import assert_constant
from perfkit.errors import PerfkitError
from perfkit.model import Finding, Frame, Span, Trace
from perfkit.probes import instrument, uninstrument
from perfkit.profiling import cpu, memory
from perfkit.recording import record
from perfkit.tracing import span, trace
from perfkit.tracing.allowing import allow

__version__ = "0.1.0"

__all__ = [
    "Finding",
    "Frame",
    "PerfkitError",
    "Scenario",
    "Span",
    "Trace",
    "__version__",
    "allow",
    "assert_constant",
    "cpu",
    "instrument",
    "memory",
    "record",
    "span",
    "trace",
    "uninstrument",
    "worlds",
]


def __getattr__(name: str) -> Any:
    if name == "worlds":  # late: a program that is only recorded needs none
        import importlib

        return importlib.import_module("perfkit.worlds")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
