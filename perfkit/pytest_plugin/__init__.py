"""The pytest plugin: fixture and marker ``perf``, and the options that judge, compare and report.

pytest imports this module wherever perfkit is installed. It brings in the rest of the room only once a test
asks for ``perf``; until then it costs a look at each collected test.
"""

from __future__ import annotations

import argparse  # pytest's own
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from perfkit.pytest_plugin.results import Results
    from perfkit.recording import record

MARKER = (
    "perf(max_queries=, max_requests=, max_connects=, max_transactions=, max_memory=, no=, probes=): "
    "record the test with perfkit, and fail it when it does more than that."
)

_MODES = ("check", "update")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options; those that pytest shows begin with ``--perfkit``."""
    group = parser.getgroup("perfkit", "perfkit: queries, requests and memory of tests")
    group.addoption(
        "--perfkit-strict",
        action="store_true",
        help="Fail perf tests with findings that neither perfkit.allow permits nor the baseline has.",
    )
    group.addoption(
        "--perfkit-baselines",
        nargs="?",
        const="check",
        metavar="check|update",
        type=_mode,
        help="Compare perf tests exactly with the committed baselines of their modules, or record these.",
    )
    group.addoption(
        "--perfkit-reason", metavar="TEXT", default="", help="Why a baseline is updated; stays in its file."
    )
    group.addoption(
        "--perfkit-report", metavar="PATH", help="Write all recordings as one run: .json, .json.gz or .html."
    )
    # the parent's word to a process that measures one test alone
    group.addoption("--perfkit-alone", metavar="PATH", help=argparse.SUPPRESS)


def _mode(text: str) -> str:
    if text in _MODES:
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is neither check nor update: write --perfkit-baselines=check")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, and listen for what perf tests report, from this process or from workers."""
    declared = {line.split(":")[0].split("(")[0].strip() for line in config.getini("markers")}
    config.stash[FOREIGN_MARKER] = "perf" in declared
    config.addinivalue_line("markers", MARKER)
    if hasattr(config, "workerinput") or config.getoption("perfkit_alone"):
        return
    if config.getoption("perfkit_report"):
        from perfkit.pytest_plugin.report import check_path

        check_path(config)
    config.pluginmanager.register(_Listener(config), "perfkit_listener")


FOREIGN_MARKER = pytest.StashKey[bool]()
"""Whether the project had declared a marker ``perf`` before: one without our arguments is then its own."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: Sequence[pytest.Item]) -> None:
    """Before anything is deselected: if there are perf tests, check their markers and watch them."""
    wanted = [item for item in items if asks(item)]
    if wanted or config.getoption("perfkit_baselines"):
        from perfkit.pytest_plugin.watching import begin

        begin(config, items, wanted)


def asks(item: pytest.Item) -> bool:
    """Whether a test may be a perf test: by fixture or by marker."""
    return "perf" in getattr(item, "fixturenames", ()) or item.get_closest_marker("perf") is not None


@pytest.fixture
def perf(request: pytest.FixtureRequest) -> record:
    """A recording of the test's own body: ``perf.counts``, ``perf.findings()``, ``perf.assert_ok(...)``.

    What fixtures do before and after the test does not count. See ``perfkit.record``, and docs/pytest.md.
    """
    from perfkit.pytest_plugin.calls import recording_of

    return recording_of(request.node)


class _Listener:
    """Takes what perf tests say of themselves; in the process that ends with the summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: Results | None = None

    @property
    def results(self) -> Results:
        """Made when the first perf test is known of."""
        if self._results is None:
            from perfkit.pytest_plugin.results import Results

            self._results = Results(self._config)
        return self._results

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Reports of xdist's workers come by here as well."""
        told = getattr(report, "perfkit", None)
        if told is not None:
            self.results.take(told, failed=report.failed)
            del report.perfkit  # pytest keeps all reports

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Workers of xdist do not see the command line, and need it to measure a test alone."""
        from perfkit.pytest_plugin.alone import command_line

        node.workerinput["perfkit"] = list(command_line(self._config))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """One of xdist's workers has ended, and says which tests it knew of."""
        told = getattr(node, "workeroutput", {}).get("perfkit")
        if told is not None:
            self.results.known(told)

    def pytest_keyboard_interrupt(self) -> None:
        """Ctrl-C: the report says that it is not whole."""
        if self._results is not None:
            self._results.interrupted = True

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write baselines and report, and fail the session for what is no single test's."""
        if self._results is not None or self._config.getoption("perfkit_baselines"):
            self.results.finish(session)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """A short section, if a perf test ran."""
        if self._results is not None:
            from perfkit.pytest_plugin.summary import show

            show(self._results, terminalreporter)
