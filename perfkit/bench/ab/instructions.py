"""Instructions that a process executes, counted by valgrind: a figure without noise, in 50 times the time.

It is blind to waiting, caches and system calls, so it stands beside times and takes no verdict. With a fixed
hash seed two counts of one program are equal, and the difference of two numbers of loops leaves out what the
start of the interpreter takes.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from perfkit.errors import NothingToCompareError, UsageError

SETTINGS = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
"""Random hash seeds move counts by up to 1.7 %; so would compiled files that appear between two counts.
A command with python -I or -E does not heed them."""

LOOPS = (10, 30)
TIMEOUT_S = 600.0

COUNTED_NS = 250_000_000
"""What the calls that are counted take without valgrind. Starts of a process with pytest differ by some
million instructions: with 20 calls of 26 microseconds, a doubled time came out as 162 % more."""
MAX_SAID = 400

_COUNTED = re.compile(r"^==\d+== Collected : (\d+)", re.MULTILINE)


def available() -> bool:
    """Whether valgrind is there."""
    return shutil.which("valgrind") is not None


def count_instructions(
    command: Sequence[str],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> int:
    """Instructions (Ir of callgrind) of the process that ``command`` starts, without its children.

    ``environment`` is the whole one (default: this process's). Raises UsageError without valgrind, and
    NothingToCompareError when the command cannot be started, fails, or takes longer than ``timeout_s``.
    """
    valgrind = shutil.which("valgrind")
    if valgrind is None:
        raise UsageError("counting instructions needs valgrind, which is not installed: apt install valgrind")
    shown = " ".join(command)[:100]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        options = ["--tool=callgrind", f"--callgrind-out-file={os.devnull}", f"--log-file={log}"]
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command
                [valgrind, *options, *command],
                cwd=cwd,
                env={**(os.environ if environment is None else environment), **SETTINGS},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NothingToCompareError(f"{shown} took longer than {timeout_s:g} s under valgrind") from error
        except OSError as error:
            raise NothingToCompareError(f"cannot run {shown} in {cwd}: {error.strerror or error}") from error
        found = _COUNTED.findall(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else []
    if done.returncode or not found:
        said = done.stderr.decode("utf-8", "replace").strip()[-MAX_SAID:]
        raise NothingToCompareError(f"{shown} ended with exit code {done.returncode} under valgrind: {said}")
    return int(found[-1])


def loops_for(call_ns: int) -> tuple[int, int]:
    """Fewer and more calls of a benchmark, so far apart that how its processes start does not count.

    >>> loops_for(25_000), loops_for(100_000_000)
    ((10, 10010), (3, 6))
    """
    counted = math.ceil(COUNTED_NS / max(call_ns, 1))
    fewer = min(LOOPS[0], counted)
    return fewer, fewer + counted


def instructions_per_call(
    command_of: Callable[[int], Sequence[str]],
    *,
    cwd: Path,
    environment: Mapping[str, str] | None = None,
    loops: tuple[int, int] = LOOPS,
    timeout_s: float = TIMEOUT_S,
) -> int:
    """Instructions of one call: the difference of two processes that make fewer and more calls.

    ``command_of(calls)`` is the command that makes so many. Raises as ``count_instructions`` does, and
    ValueError unless ``loops`` grow.
    """
    fewer, more = loops
    if not 0 < fewer < more:
        raise ValueError(f"loops must grow from 1 on, not {loops}")
    counts = [
        count_instructions(command_of(calls), cwd=cwd, environment=environment, timeout_s=timeout_s)
        for calls in (fewer, more)
    ]
    return max(0, round((counts[1] - counts[0]) / (more - fewer)))
