"""A pytest-benchmark suite as one side of a comparison: pytest runs it, only the timing is taken over.

Fixtures, marks, parameters, ``pedantic``, ``weave`` and ``extra_info`` work as always, and a benchmark may be
a coroutine function. Tests without the benchmark fixture are left out.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Generator, Iterator
from typing import Any

from . import moving
from .fixture import taken_over

QUIET: dict[str, Any] = {
    # one process, nothing that measures or stops beside us, nothing written into the tree
    "numprocesses": None,
    "dist": "no",
    "distload": False,
    "looponfail": False,
    "tx": [],
    "usepdb": False,
    "trace": False,
    "maxfail": 0,
    "collectonly": False,
    "lf": False,
    "failedfirst": False,
    "newfirst": False,
    "stepwise": False,
    "timeout": 0,
    "no_cov": True,
    "memray": False,
    "xmlpath": None,
    "randomly_reorganize": False,
    "randomly_seed": 1,
    # pytest-benchmark's own
    "benchmark_skip": False,
    "benchmark_disable": False,
    "benchmark_enable": True,
    "benchmark_autosave": False,
    "benchmark_save": None,
    "benchmark_json": None,
    "benchmark_compare": None,
    "benchmark_compare_fail": None,
    "benchmark_histogram": None,
    "benchmark_cprofile": None,
    "benchmark_quiet": True,
    "benchmark_verbose": False,
}
"""Options of pytest and its plugins that are set, whatever the command and the project's addopts say."""


def run(session: Any, options: dict[str, Any]) -> None:
    """``options``: "arguments" of pytest, "roots" of both trees, the "folder" in them to run it in.

    With "module" it is run as ``python -m pytest`` runs it: the folder is on ``sys.path``.
    """
    root = os.getcwd()
    moving.move(options["roots"], root)
    os.chdir(options["folder"])
    if options.get("module"):
        sys.path.insert(0, os.getcwd())
    arguments = [moving.moved(word, options["roots"], root) for word in options["arguments"]]
    try:
        import pytest
        from pytest_benchmark.fixture import BenchmarkFixture
    except ModuleNotFoundError as error:
        package = (error.name or "").replace("_", "-")
        session.refuse(f"{package} is not installed for {sys.executable}: pip install {package}", usage=True)
        return
    _let_preloaded_be()
    suite = _Suite(session, root)
    with taken_over(BenchmarkFixture, suite.measure), _heard() as said:
        code = int(pytest.main(arguments, plugins=[_registrar(suite)]))
    if not suite.offered:
        usage = code == pytest.ExitCode.USAGE_ERROR
        session.refuse(suite.problem or _problem(code, said.getvalue()), usage=usage)


class _Suite:
    """Chooses the tests to run, and says of each what became of it."""

    def __init__(self, session: Any, root: str) -> None:
        self.session, self.root = session, root
        self.offered = False
        self.problem = ""
        self.measured: set[str] = set()
        self.failures: dict[str, str] = {}
        self.uncollected: list[str] = []

    def choose(self, items: list[Any]) -> tuple[list[Any], list[Any]]:
        """The tests to run now, and the others."""
        timed = {item.nodeid: item for item in items if "benchmark" in getattr(item, "fixturenames", ())}
        self.problem = self._why_nothing(len(items), timed)
        if self.problem:
            return [], items
        names = self.session.offer(list(timed))
        self.offered = True
        chosen = [timed[name] for name in names if name in timed]
        return chosen, [item for item in items if item not in chosen]

    def _why_nothing(self, collected: int, timed: dict[str, Any]) -> str:
        if self.uncollected:
            return "the tests cannot be collected: " + "; ".join(self.uncollected[:3])
        if not timed:
            return f"pytest collected {collected or 'no'} tests, and none uses the fixture benchmark"
        elsewhere: str = moving.elsewhere(self.root)
        return elsewhere

    def measure(self, name: str, run: Callable[[int], int]) -> None:
        """Time ``run``. It may be done once in a test, which the fixture itself sees to."""
        self.measured.add(name)
        self.session.measure(name, run)

    def ended(self, name: str) -> None:
        """A test is over: say so if it was not measured, or went wrong afterwards."""
        if name in self.failures:
            self.session.failed(name, self.failures[name])
        elif name not in self.measured:
            self.session.failed(name, "the test ended without using its benchmark fixture")


def _registrar(suite: _Suite) -> object:
    """The plugin; its hooks are marked with pytest, which may be imported in a side only."""
    import pytest

    class Registrar:
        @pytest.hookimpl(hookwrapper=True)
        def pytest_cmdline_parse(self) -> Generator[None, Any, None]:
            outcome = yield
            if outcome.excinfo is None:
                option = outcome.get_result().option
                for name, value in QUIET.items():
                    if hasattr(option, name):
                        setattr(option, name, value)

        @pytest.hookimpl(tryfirst=True)
        def pytest_load_initial_conftests(self, early_config: Any) -> None:
            early_config.known_args_namespace.no_cov = True  # pytest-cov begins here

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed:
                suite.uncollected.append(f"{report.nodeid}: {_last_line(report)}")

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> Iterator[None]:
            yield
            items[:], left_out = suite.choose(items)
            config.hook.pytest_deselected(items=left_out)

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(self, item: Any) -> Generator[None, Any, None]:
            outcome = yield
            report = outcome.get_result()
            if not report.passed:
                suite.failures.setdefault(item.nodeid, f"the test {report.outcome}: {_last_line(report)}")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
            yield
            suite.ended(item.nodeid)

    return Registrar()


def _last_line(report: Any) -> str:
    """What went wrong, in a line: the exception where it is known, else the end of the text."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return str(crash.message).partition("\n")[0]
    if isinstance(report.longrepr, tuple):  # of a skipped test: file, line, reason
        return str(report.longrepr[2])
    lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip() if lines else "no message"


@contextlib.contextmanager
def _heard() -> Iterator[io.StringIO]:
    """What is written to stderr, where pytest says what is wrong with its arguments."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield said
    finally:
        sys.stderr.write(said.getvalue())


def _problem(code: int, said: str) -> str:
    """What pytest said was wrong: its lines with ERROR, and of an internal error the exception."""
    lines = [line.removeprefix("INTERNALERROR> ") for line in said.splitlines() if line.strip()]
    errors = [place for place, line in enumerate(lines) if line.startswith("ERROR: ")]
    raised = [line[1:].strip() for line in lines if line.startswith("E  ")]
    told = lines[errors[-1] :] if errors else lines
    told = [line.removeprefix("ERROR: ") for line in told if not line.startswith((" ", "Traceback"))]
    told = [line for line in told if not line.startswith("usage: ")]
    if raised:  # of a conftest: what it is about, and how the traceback ends
        told = [told[0], raised[-1]]
    return f"pytest ended with exit code {code} before it ran a test: {' '.join(told[:2]) or 'no message'}"


def _let_preloaded_be() -> None:
    """Keep quiet what pytest warns of: plugins imported before it could rewrite their asserts."""
    with contextlib.suppress(ImportError, AttributeError):
        from _pytest.assertion.rewrite import AssertionRewritingHook

        AssertionRewritingHook._warn_already_imported = lambda *_: None  # type: ignore[method-assign]
