"""The process that imports a scenario's file, once, and forks for each measurement.

It starts no thread, so that a fork finds nothing half done. It talks over its standard input and output, and
ends with its parent: when its input does.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from perfkit.bench.discovery import load_file
from perfkit.bench.fresh.framing import receive, send
from perfkit.bench.fresh.measuring import measured
from perfkit.bench.fresh.result import Task, lost
from perfkit.bench.scenario import Scenario
from perfkit.errors import PerfkitError
from perfkit.model import Trace
from perfkit.rules import Limits, check


def serve(file: str, style: str) -> None:
    """The server's life: for each task its results, until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asked, answered = os.fdopen(os.dup(0), "rb", 0), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)  # what a strategy prints must not end up among results
    scenarios, problem = _load(file, style)
    forks = _can_fork()
    send(answered, pickle.dumps((forks, problem)))
    while True:
        try:
            task: Task = pickle.loads(receive(asked))  # noqa: S301 - from our own parent
        except EOFError:
            return
        if not forks:
            threading.Thread(target=_end_with_parent, args=(asked,), daemon=True).start()
            send(answered, _result(scenarios, task))
            return
        send(answered, _in_a_fork(scenarios, task, asked))


def _load(file: str, style: str) -> tuple[dict[str, Scenario], str]:
    """The file's scenarios, in a process made ready for them, or why that cannot be."""
    try:
        if style == "sync":
            from perfkit.sim import prepare

            prepare()
        else:
            import perfkit.sim  # noqa: F401 - so that no measurement has to
        found = {scenario.name: scenario for scenario in load_file(Path(file))}
    except PerfkitError as error:
        return {}, str(error)
    _import_needed(found.values(), style)
    check(Trace("virtual", 0, 0), Limits())  # the same: all rules
    gc.collect()
    gc.freeze()
    return found, ""


def _import_needed(scenarios: Iterable[Scenario], style: str) -> None:
    """The libraries that strategies need, once for all of them; one that cannot be imported fails there."""
    strategies = [each for scenario in scenarios for each in scenario.strategies.values()]
    for needed in sorted({each.needs for each in strategies if each.needs and each.style == style}):
        with contextlib.suppress(Exception):
            importlib.import_module(needed)


def _can_fork() -> bool:
    """Not with threads, whose locks a fork would inherit; nor on macOS, whose own libraries start some."""
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return False
    tasks = Path("/proc/self/task")
    return (len(list(tasks.iterdir())) if tasks.is_dir() else threading.active_count()) == 1


def _in_a_fork(scenarios: dict[str, Scenario], task: Task, asked: BinaryIO) -> bytes:
    """Measure in a child; a child that dies gives results that say so."""
    ours, its = os.pipe()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            os.close(ours)
            with os.fdopen(its, "wb") as stream:
                stream.write(_result(scenarios, task))
        _end()
    os.close(its)
    with os.fdopen(ours, "rb", 0) as stream:
        data = _read(stream, asked, child)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return data or pickle.dumps(lost(task.job, "failed", f"its process ended with exit code {code}"))


def _read(stream: BinaryIO, asked: BinaryIO, child: int) -> bytes:
    """All that the child writes. Nothing is asked meanwhile: a readable input is one that has ended."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([stream, asked], [], [])
        if asked in ready:
            os.kill(child, signal.SIGKILL)
            _end()
        part = os.read(stream.fileno(), 1 << 20)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _end_with_parent(asked: BinaryIO) -> None:
    asked.read(1)
    _end()


def _end() -> None:
    """End at once: what the parent of a fork has registered for its own end is not ours to do."""
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


def _result(scenarios: dict[str, Scenario], task: Task) -> bytes:
    try:
        return pickle.dumps(measured(scenarios[task.job.scenario], task))
    except (PerfkitError, KeyError) as error:
        why = str(error)
    except Exception as error:  # what a probe has kept of the user's may not pickle
        why = f"its figures cannot be sent: {type(error).__name__}: {error}"
    return pickle.dumps(lost(task.job, "failed", why))
