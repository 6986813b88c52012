"""Measuring one test alone, in a fresh process: caches that other tests warmed must decide nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from perfkit.config import load
from perfkit.errors import BudgetError
from perfkit.pytest_plugin.measured import Measured, measured, name_of

if TYPE_CHECKING:
    import pytest

_NOT_FOR_ONE = ("--pdb", "--trace", "--perfkit-strict", "--perfkit-baselines", "--cache-clear")
_NOT_FOR_ONE_WITH_VALUE = (
    *("--junitxml", "--junit-xml", "--report-log", "--html", "--benchmark-json"),
    *("--perfkit-report", "--perfkit-reason"),
)
"""Options that one test alone must not have: they stop, write files of the session, or leave it out."""

_LINES_SHOWN = 20


class AloneError(BudgetError):
    """The test could not be measured alone."""


class Given(NamedTuple):
    """The options of the command line, without the tests it names, and the folder they were given in."""

    options: list[str]
    folder: str


def command_line(config: pytest.Config) -> Given:
    """What pytest was started with; in a worker of xdist, what the session was."""
    if hasattr(config, "workerinput"):
        return Given(*config.workerinput["perfkit"])
    words = [str(word) for word in config.invocation_params.args]
    for named in config.getoption("file_or_dir", default=None) or []:
        if named in words:
            words.reverse()
            words.remove(named)
            words.reverse()
    return Given(_kept(words), str(config.invocation_params.dir))


def _kept(words: list[str]) -> list[str]:
    kept, skip = list[str](), False
    for word in words:
        name, value = word.partition("=")[::2]
        if skip or name in _NOT_FOR_ONE:
            skip = False
        elif name in _NOT_FOR_ONE_WITH_VALUE:
            skip = not value
        else:
            kept.append(word)
    return kept


def measure(item: pytest.Item) -> Measured:
    """What the test does in a process of its own, with hash seed 0.

    Raises AloneError where it fails there, or takes longer than the setting ``timeout_s``.
    """
    given = command_line(item.config)
    limit_s = load(item.config.rootpath).number("timeout_s")
    with tempfile.TemporaryDirectory(prefix="perfkit-") as folder:
        told = Path(folder) / "measured.json"
        try:
            done = subprocess.run(  # noqa: S603 - this very pytest, with the options it was given
                _command(item, given, told),
                cwd=given.folder,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise AloneError(
                f"measured alone in a fresh process, the test took more than {limit_s:g} s "
                "(the setting timeout_s)"
            ) from None
        found = measured(told.read_text(encoding="utf-8")) if told.exists() else None
    if found is None or not found.completed:
        output = "\n".join((done.stdout + done.stderr).strip().splitlines()[-_LINES_SHOWN:])
        raise AloneError(f"measured alone in a fresh process, the test does not pass:\n{output}")
    return found


def _command(item: pytest.Item, given: Given, told: Path) -> list[str]:
    config = item.config
    here = {"", given.folder} & set(sys.path)  # as python -m pytest has it, and pytest has not
    words = [sys.executable, *([] if here else ["-P"]), "-m", "pytest", *given.options]
    words += [f"--rootdir={config.rootpath}", *(["-c", str(config.inipath)] if config.inipath else [])]
    words += ["-n", "0"] if hasattr(config.option, "numprocesses") else []
    words += ["--junitxml="] if config.getoption("xmlpath", default=None) else []
    words += ["--no-cov"] if hasattr(config.option, "no_cov") else []
    return [*words, f"--perfkit-alone={told}", f"{item.path}::{name_of(item)}"]


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST_")}
    kept.pop("PYTEST_CURRENT_TEST", None)
    return kept | {"PYTHONHASHSEED": "0"}
