"""The process that runs perf tests: records each, judges it in its call phase, and says what it did."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from perfkit.errors import BudgetError, PerfkitError, UsageError
from perfkit.probes import instrument
from perfkit.pytest_plugin import FOREIGN_MARKER
from perfkit.pytest_plugin.benchmarks import beside_rounds
from perfkit.pytest_plugin.budgets import Budget, budget_of, markers_of
from perfkit.pytest_plugin.calls import Call, forget, has_recording
from perfkit.pytest_plugin.judging import Judge
from perfkit.pytest_plugin.measured import Known, module_of, name_of, packed

_TOLD = pytest.StashKey[str]()


class BrokenBudgetError(BudgetError):
    """A perf test did more than it may; shown without a traceback, for its line is in the message."""


def begin(config: pytest.Config, items: Sequence[pytest.Item], wanted: Sequence[pytest.Item]) -> None:
    """Check the markers of ``wanted`` and watch these tests. Raises pytest's UsageError for a bad marker."""
    foreign = config.stash[FOREIGN_MARKER]
    problems = []
    for item in wanted:
        try:
            budget_of(item, foreign=foreign)
        except UsageError as error:
            problems.append(str(error))
    if problems and not hasattr(config, "workerinput"):
        raise pytest.UsageError(*problems)
    config.pluginmanager.register(Watch(config, {module_of(item) for item in items}), "perfkit_watch")


def _ours(item: pytest.Item, foreign: bool) -> bool:
    return "perf" in getattr(item, "fixturenames", ()) or bool(markers_of(item, foreign=foreign))


class Watch:
    """Registered with pytest once there are perf tests."""

    def __init__(self, config: pytest.Config, modules: set[str]) -> None:
        self._config = config
        self._foreign = config.stash[FOREIGN_MARKER]
        self._judge = Judge(config)
        self._known = Known({module: [] for module in sorted(modules)}, [])
        self._known.partial = [module for module in self._known.tests if self._in_part(module)]

    def _in_part(self, module: str) -> bool:
        """Whether the command line names single tests of the module, or those that failed last."""
        if self._config.getoption("lf", default=False):
            return True
        path = str((self._config.rootpath / module).resolve())
        base = self._config.invocation_params.dir
        named = (arg.partition("::") for arg in self._config.args)
        return any(inside and str((base / file).resolve()) == path for file, inside, _ in named)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """By -k, -m, --lf and other plugins: these modules do not run whole."""
        for item in items:
            if (module := module_of(item)) in self._known.tests and module not in self._known.partial:
                self._known.partial.append(module)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Watch before the first fixture: connections that it opens are then watched ones."""
        for item in session.items:
            if (module := module_of(item)) in self._known.tests:
                self._known.tests[module].append(name_of(item))
        listener = self._config.pluginmanager.get_plugin("perfkit_listener")
        if listener is not None:
            listener.results.known(packed(self._known))
        if any(_ours(item, self._foreign) for item in session.items):
            instrument()

    def pytest_sessionfinish(self) -> None:
        """To the process that sums up, if that is another."""
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["perfkit"] = packed(self._known)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Record a test that is run again anew; a worker of xdist can fail tests, and not end the session."""
        forget(item)
        item.stash[_TOLD] = ""
        try:
            budget_of(item, foreign=self._foreign)
        except UsageError as error:
            pytest.fail(str(error), pytrace=False)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Let go of the recording once the last fixture is done with it."""
        try:
            return (yield)
        finally:
            forget(item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Record the body, then judge it: what is wrong fails the call, and not the teardown."""
        if not has_recording(item) and not markers_of(item, foreign=self._foreign):
            return (yield)
        budget = budget_of(item, foreign=self._foreign)
        call = Call(item, memory=budget.max_memory_bytes is not None)
        try:
            with call.wrapped(), beside_rounds(item, call):
                result = yield
        except BaseException:
            self._judged(call, budget)
            raise
        problems = self._judged(call, budget)
        if problems:
            raise BrokenBudgetError("\n".join(problems))
        return result

    def _judged(self, call: Call, budget: Budget) -> list[str]:
        """What the test fails for; nothing if its body did not come to its end."""
        if not call.begun:
            return []
        try:
            done = self._judge(call, budget)
        except PerfkitError as error:  # settings or a baseline that cannot be read
            return [str(error)] if call.completed else []
        call.item.stash[_TOLD] = packed(done)
        from perfkit.report.view.changes import clauses

        return ["\n  ".join(clauses(difference.says)) for difference in done.differences]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, Any]:
        """The report carries what was measured, from a worker of xdist too."""
        report = yield
        if call.when == "call" and (told := item.stash.get(_TOLD, "")):
            report.perfkit = told
        if call.excinfo is not None and isinstance(call.excinfo.value, BrokenBudgetError):
            report.longrepr = f"perfkit: {call.excinfo.value}"
        return report
