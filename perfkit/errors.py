"""Every error perfkit raises on purpose.

    PerfkitError
    ├── UsageError              wrong arguments or names; exit code 2
    │   ├── ConfigError         [tool.perfkit], PERFKIT_* or an option has a bad value
    │   ├── UnknownNameError    a scenario, strategy, rule, probe or format that does not exist
    │   └── MissingExtraError   a feature needs a package that an extra installs
    ├── ScenarioError           a scenario file cannot be loaded or is put together wrongly; exit code 2
    ├── RunFileError            a stored run cannot be read or written; exit code 2
    │   └── NewerSchemaError    a run written by a newer perfkit
    ├── TraceFileError          a file of traces cannot be read, or is none; exit code 2
    ├── BaselineError           a baseline cannot be read or written; exit code 2
    ├── NothingToCompareError   no baseline, no base revision, or no benchmark in it; exit code 3
    ├── WorldError              a mock server cannot start (port in use, bad setting); exit code 2
    ├── BudgetError             a recording broke the limits its caller set; also an AssertionError
    └── SimulationError         the virtual loop cannot go on; ends one strategy, never the run
        ├── DeadlockError       every task waits and nothing is scheduled
        └── VirtualTimeoutError the virtual clock passed its limit

Each message says what was wrong, with what value, and what to do next.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class PerfkitError(Exception):
    """Base of all errors raised on purpose; ``exit_code`` is what the command line ends with."""

    exit_code = 1


class UsageError(PerfkitError):
    """Wrong arguments or names."""

    exit_code = 2


class ConfigError(UsageError):
    """A setting in [tool.perfkit], PERFKIT_* or an option has a bad value."""


class UnknownNameError(UsageError):
    """A name that does not exist; the message suggests the nearest ones.

    >>> str(UnknownNameError("strategy", "serail", ["serial", "batched"]))
    "no strategy named 'serail'. Did you mean 'serial'? Known: batched, serial"
    """

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
        hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
        listing = f" Known: {', '.join(names)}" if names else " None are known here."
        super().__init__(f"no {what} named {name!r}.{hint}{listing}")


class MissingExtraError(UsageError):
    """A feature needs a package that one of perfkit's extras installs."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(f"{feature} needs {package}, which is not installed: pip install 'perfkit[{extra}]'")


class ScenarioError(PerfkitError):
    """A scenario file cannot be loaded, or a scenario is put together wrongly."""

    exit_code = 2


class RunFileError(PerfkitError):
    """A stored run cannot be read or written."""

    exit_code = 2


class NewerSchemaError(RunFileError):
    """A run written by a newer perfkit than this one."""


class TraceFileError(PerfkitError):
    """A file of traces cannot be read, or is none."""

    exit_code = 2


class BaselineError(PerfkitError):
    """A baseline cannot be read or written."""

    exit_code = 2


class NothingToCompareError(PerfkitError):
    """There is no baseline, no base revision, or no benchmark in it: never a pass."""

    exit_code = 3


class WorldError(PerfkitError):
    """A mock server cannot start: a port in use, a bad setting."""

    exit_code = 2


class BudgetError(PerfkitError, AssertionError):
    """A recording broke the limits its caller set (``Recording.assert_ok``)."""


class SimulationError(PerfkitError):
    """The virtual loop cannot go on. Ends one strategy, never the whole run."""


class DeadlockError(SimulationError):
    """Every task waits and nothing is scheduled, so no clock could wake them."""


class VirtualTimeoutError(SimulationError):
    """The virtual clock passed the limit it was given."""
