"""``perfkit.cpu`` and ``perfkit.memory``: what a program writes. Tools are imported at their first use."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, overload

from perfkit.errors import ConfigError, MissingExtraError, UsageError
from perfkit.profiling.capture import Capture, Tool

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_INTERVAL = 0.001
"""Seconds between samples; pyinstrument's own default."""

TOOL_VARIABLE = "PERFKIT_MEMORY_TOOL"
MEMORY_TOOLS = ("auto", "memray", "tracemalloc")


@overload
def cpu(target: F, /) -> F: ...
@overload
def cpu(
    target: str | None = None, /, *, name: str | None = None, interval: float = DEFAULT_INTERVAL
) -> Capture: ...
def cpu(target: Any = None, /, *, name: str | None = None, interval: float = DEFAULT_INTERVAL) -> Any:
    """Profile the time of a function or a block: ``@perfkit.cpu``, ``with perfkit.cpu("parse") as capture:``.

    ``interval`` is the least number of seconds between two samples. The profiler slows code that makes many
    calls up to six times, and code that makes none not at all: the times are not those of the program alone.
    A generator is profiled while its own steps run and not while its consumer does, at some 50 us a step.

    One capture runs in a thread at a time; one that begins meanwhile measures nothing and says so in its
    ``warnings``. Raises MissingExtraError without pyinstrument, UsageError for a bad interval.
    """
    if not _is_installed("pyinstrument"):
        raise MissingExtraError("perfkit.cpu", "pyinstrument", "profile")
    if not interval > 0:
        raise UsageError(f"interval={interval!r} must be above zero: seconds between samples, as in 0.001")
    return _capture("cpu", target, name, partial(_cpu_tool, interval))


@overload
def memory(target: F, /) -> F: ...
@overload
def memory(
    target: str | None = None, /, *, name: str | None = None, tool: str | None = None, totals: bool = True
) -> Capture: ...
def memory(
    target: Any = None, /, *, name: str | None = None, tool: str | None = None, totals: bool = True
) -> Any:
    """Profile the memory of a function or block: ``@perfkit.memory``, ``with perfkit.memory("load") as m:``.

    What all threads of the process allocate meanwhile is seen, and nothing from before. ``tool`` is "memray",
    "tracemalloc" or "auto" (memray where it is installed); without it the environment variable
    PERFKIT_MEMORY_TOOL decides. ``totals`` has memray count every allocation, freed or not, which takes a
    temporary file of some 6 bytes for each and as many when it is freed; without it the file stays small,
    however long the program. A generator is profiled from its first step to its last, its consumer with it.

    One capture runs in a process at a time; one that begins meanwhile measures nothing and says so in its
    ``warnings``. Raises MissingExtraError for memray where it is not installed, UsageError and ConfigError
    for a tool that does not exist.
    """
    wanted = tool or os.environ.get(TOOL_VARIABLE) or "auto"
    if wanted not in MEMORY_TOOLS and tool is None:
        raise ConfigError(f"{TOOL_VARIABLE}={wanted} is no memory tool; set it to {', '.join(MEMORY_TOOLS)}")
    if wanted not in MEMORY_TOOLS:
        raise UsageError(f"there is no memory tool {tool!r}; name one of {', '.join(MEMORY_TOOLS)}")
    if wanted == "memray" and not _is_installed("memray"):
        raise MissingExtraError("perfkit.memory with the tool memray", "memray", "memory")
    return _capture("memory", target, name, partial(_memory_tool, wanted, totals=totals))


def _capture(kind: str, target: Any, name: str | None, make_tool: Callable[[], Tool]) -> Any:
    if target is None or isinstance(target, str):
        return Capture(kind, target or name, make_tool)
    return Capture(kind, name, make_tool)(target)


def _cpu_tool(interval: float) -> Tool:
    from perfkit.profiling.pyinstrument import CpuTool

    return CpuTool(interval)


def _memory_tool(wanted: str, *, totals: bool) -> Tool:
    if wanted != "tracemalloc":
        try:
            from perfkit.profiling.memray import MemrayTool
        except ImportError:  # not installed, or not for this system
            if wanted == "memray":
                raise
        else:
            return MemrayTool(totals=totals)
    from perfkit.profiling.tracemalloc import TracemallocTool

    return TracemallocTool()


def _is_installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None
