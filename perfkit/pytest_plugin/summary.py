"""The section that pytest's output ends with, if perf tests ran."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from perfkit.pytest_plugin.budgets import PLURALS, described
from perfkit.pytest_plugin.report import shortened, tests_with

if TYPE_CHECKING:
    from perfkit.pytest_plugin.measured import Measured
    from perfkit.pytest_plugin.results import Results

MAX_FINDINGS = 5


def show(results: Results, terminal: Any) -> None:
    """Write it. With -q only what was written and what is wrong, with -qq only the latter."""
    quiet = -terminal.config.getoption("verbose")
    tests = list(results.tests.values())
    lines = [] if quiet > 0 else _lines(tests)
    if quiet < 2:
        lines += results.notes
        lines += [f"report: {results.written}"] if results.written is not None else []
    if not lines and not results.problems:
        return
    if not quiet > 0:
        terminal.section("perfkit")
    for line in lines:
        terminal.line(line)
    for problem in results.problems:
        terminal.line(f"perfkit: {problem}", red=True)


def _lines(tests: list[Measured]) -> list[str]:
    if not tests:
        return []
    lines = [f"{_plural(len(tests), 'perf test')}: {_counted(tests)}"]
    lines += _findings(tests)
    idle = [test.nodeid for test in tests if not any(test.counts.get(kind) for kind in PLURALS)]
    lines += [f"saw no query and no request: {shortened(idle)}"] if idle else []
    alone = [test.nodeid for test in tests if test.recovered]
    if alone:
        lines.append(f"differed from the baseline beside other tests, and not alone: {shortened(alone)}")
    return lines + list(dict.fromkeys(warning for test in tests for warning in test.warnings))


def _counted(tests: list[Measured]) -> str:
    total = sum((Counter(test.counts) for test in tests), Counter[str]())
    shown = [kind for kind in PLURALS if total[kind] or kind in ("query", "request")]
    return ", ".join(f"{total[kind]} {PLURALS[kind]}" for kind in shown)


def _findings(tests: list[Measured]) -> list[str]:
    by_count = sorted((f for test in tests for f in test.findings), key=lambda finding: finding.count)
    different = {finding.identity: finding for finding in by_count}
    lines = [f"{_plural(len(different), 'finding')}:"] if different else []
    for finding in list(different.values())[::-1][:MAX_FINDINGS]:
        first, *fix = described(finding).splitlines()
        lines += [f"  {first}", *(f"  {line}" for line in fix)]
        lines.append(f"    in {shortened(tests_with(finding, tests))}")
    if len(different) > MAX_FINDINGS:
        lines.append(
            f"  and {len(different) - MAX_FINDINGS} others: --perfkit-report=report.html has them all"
        )
    return lines


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")
