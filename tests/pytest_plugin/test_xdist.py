"""Workers of pytest-xdist: what they measure reaches the process that sums up."""

import pytest

from perfkit.model import unpack
from perfkit.model.storage import read_run
from tests.pytest_plugin.projects import make

TESTS = """
@pytest.mark.parametrize("count", [1, 2, 4])
def test_each(perf, db, count):
    shop.each(db, count)

@pytest.mark.perf(max_queries=1)
def test_broken(db):
    shop.each(db, 2)
"""
MORE = """
import pytest, shop

def test_more(perf, db):
    shop.one(db)

@pytest.mark.perf(max_query=1)
def test_bad():
    raise SystemError
"""


def run(pytester, *arguments):
    """In processes of their own: workers take their part of the options from the command line."""
    words = ("-p", "no:cacheprovider", "-p", "perfkit.pytest_plugin", "-p", "xdist.plugin", "-n", "2")
    return pytester.runpytest_subprocess(*words, *arguments)


@pytest.mark.once
def test_report_summary_and_baselines_are_whole(pytester):
    make(pytester, TESTS, test_more=MORE.partition("@")[0])
    result = run(pytester, "--dist=loadfile", "--perfkit-report=run.json", "--perfkit-baselines=update")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(
        [
            "5 perf tests: 10 queries, 0 requests",
            "recorded perf-baselines/pytest/test_app.toml",
            "recorded perf-baselines/pytest/test_more.toml",
            "report: *run.json",
        ]
    )
    read = read_run(pytester.path / "run.json")
    assert len(unpack(read.trace).of_kind("query")) == 10
    assert [difference.entry for difference in read.gate.differences] == ["test_broken"]
    text = (pytester.path / "perf-baselines/pytest/test_app.toml").read_text()
    assert [line[-1] for line in text.splitlines() if line.startswith("query = ")] == ["1", "2", "4"]

    pytester.makepyfile(test_more=MORE.replace("test_more", "test_moved"))
    result = run(pytester, "--perfkit-baselines=check", "--perfkit-strict")
    result.assert_outcomes(passed=3, failed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_more.py::test_bad: no argument of the perf marker named 'max_query'*",
            "perfkit: perf-baselines/pytest/test_more.toml: test_more is no longer there.*",
        ]
    )
