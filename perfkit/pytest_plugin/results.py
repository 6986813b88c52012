"""What all perf tests of a session did, in the process that ends with the summary."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from perfkit.errors import PerfkitError
from perfkit.pytest_plugin.measured import Measured, known, measured

if TYPE_CHECKING:
    from pathlib import Path


_RAN = (
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.INTERRUPTED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
)
"""How a session ends that came to its tests."""


class Results:
    """``tests`` by node id, the last run of each.

    ``problems`` are those of no single test, and fail the session; ``notes`` are for the summary.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.tests: dict[str, Measured] = {}
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.interrupted = False
        self.written: Path | None = None
        self._modules: dict[str, set[str]] = {}
        self._partial: set[str] = set()

    def take(self, told: str, *, failed: bool) -> None:
        """What a report carried; a test that was expected to fail has not failed."""
        test = measured(told)
        test.differences = test.differences if failed else []
        self.tests[test.nodeid] = test

    def known(self, told: str) -> None:
        """What a process collected."""
        collected = known(told)
        for module, names in collected.tests.items():
            self._modules.setdefault(module, set()).update(names)
        self._partial.update(collected.partial)

    def whole(self, module: str) -> set[str] | None:
        """All tests of the module, or None where only some of them were to run."""
        return None if module in self._partial else self._modules.get(module)

    def finish(self, session: pytest.Session) -> None:
        """Baselines, then the report; and the session's exit status."""
        mode = self.config.getoption("perfkit_baselines")
        try:
            if mode and session.exitstatus in _RAN and not self.config.getoption("collectonly"):
                self._finish_baselines(mode)
        except PerfkitError as error:
            self.problems.append(str(error))
        if self.config.getoption("perfkit_report"):
            self._report(session)
        if self.problems and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _finish_baselines(self, mode: str) -> None:
        from perfkit.pytest_plugin import baselines

        self.problems += baselines.orphans(self.config)
        if not self.tests:
            self.problems.append("no perf test ran: nothing was compared with a baseline")
        modules: dict[str, list[Measured]] = {module: [] for module in sorted(self._modules)}
        for test in self.tests.values():
            modules.setdefault(test.module, []).append(test)
        for module, tests in modules.items():
            if mode == "check":
                names = self.whole(module)
                self.problems += [] if names is None else baselines.vanished(self.config, module, names)
            else:
                self._update(module, tests)

    def _update(self, module: str, tests: list[Measured]) -> None:
        from perfkit.pytest_plugin import baselines

        recorded = [t for t in tests if t.completed and t.entry is not None and not t.differences]
        whole = self.whole(module)
        try:
            if recorded:
                self._note(baselines.write(self.config, module, recorded, whole))
            elif not tests and whole is not None:
                self._note(baselines.remove(self.config, module))
        except PerfkitError as error:
            self.problems.append(str(error))

    def _note(self, said: str) -> None:
        self.notes += [said] if said else []

    def _report(self, session: pytest.Session) -> None:
        from perfkit.pytest_plugin import report

        self.interrupted |= session.exitstatus == pytest.ExitCode.INTERRUPTED
        try:
            self.written = report.write(self)
        except PerfkitError as error:
            self.problems.append(str(error))
