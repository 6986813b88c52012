"""What a command to be gated is: a pytest suite with benchmarks, or a program, timed as a whole."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from perfkit.errors import UsageError

_PYTHON = re.compile(r"python(\d(\.\d+)?)?")
_PYTEST = ("pytest", "py.test")


@dataclass(frozen=True)
class Suite:
    """``pytest ARGUMENTS``, run by ``python``; ``module`` where it was ``python -m pytest``."""

    python: str
    arguments: tuple[str, ...]
    module: bool = False


@dataclass(frozen=True)
class Program:
    """Any other command."""

    words: tuple[str, ...]


def understand(command: Sequence[str]) -> Suite | Program:
    """What ``command`` is. Raises UsageError where it is not there, or starts pytest in a roundabout way.

    >>> understand(["python3", "-m", "pytest", "-q"]).arguments
    ('-q',)
    """
    first = Path(command[0]).name
    if first in _PYTEST:
        return Suite(_python_beside(_found(command[0])), tuple(command[1:]))
    if _PYTHON.fullmatch(first) and list(command[1:2]) == ["-m"] and command[2:3] and command[2] in _PYTEST:
        return Suite(_found(command[0]), tuple(command[3:]), module=True)
    if any(Path(word).name in _PYTEST for word in command[1:]):
        raise UsageError(
            f"{' '.join(command)}: give pytest itself as the command, and start perfkit in its environment: "
            "uv run perfkit gate --base main -- pytest benchmarks/, or with variables, "
            "NAME=value perfkit gate --base main -- pytest benchmarks/"
        )
    _found(command[0])
    return Program(tuple(command))


def _found(word: str) -> str:
    path = shutil.which(word)
    if path is None:
        raise UsageError(f"there is no command {word!r} here to compare the times of")
    return path


def _python_beside(script: str) -> str:
    """The interpreter that a console script belongs to: it lies beside it."""
    beside = Path(script).parent / "python"
    return str(beside) if beside.exists() else sys.executable
