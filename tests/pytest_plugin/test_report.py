"""``--perfkit-report`` and the summary."""

import pytest

from perfkit.model import unpack
from perfkit.model.storage import read_run
from perfkit.model.verdict import Outcome
from perfkit.pytest_plugin.report import shortened
from perfkit.report import render
from tests.pytest_plugin.projects import make, run, session

TESTS = """
@pytest.mark.parametrize("count", [4, 5])
def test_found(perf, db, count):
    shop.each(db, count)

@pytest.mark.perf(max_queries=1)
def test_broken(db):
    shop.each(db, 2)

def test_idle(perf):
    pass

def test_other(db):
    shop.each(db, 9)
"""


def test_the_report_is_one_run_with_the_tests_names(pytester):
    result = session(pytester, TESTS, "--perfkit-report=out/run.json.gz")
    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines([f"report: {pytester.path / 'out/run.json.gz'}"])
    read = read_run(pytester.path / "out" / "run.json.gz")
    trace = unpack(read.trace)
    tests = {span.name: span for span in trace.of_kind("span")}
    assert list(tests) == [
        "test_app.py::test_found[4]",
        "test_app.py::test_found[5]",
        "test_app.py::test_broken",
        "test_app.py::test_idle",
    ]
    inside = [span.parent for span in trace.of_kind("query")]
    assert [inside.count(span.id) for span in tests.values()] == [4, 5, 2, 0]
    assert tests["test_app.py::test_found[5]"].attrs == {"query": 5}
    (finding,) = read.findings
    assert finding.rule == "PK101"
    assert finding.count == 9
    assert finding.evidence[-1] == "in test_app.py::test_found[4], test_app.py::test_found[5]"
    assert {trace.spans[number - 1].kind for number in finding.span_ids} == {"query"}
    (difference,) = read.gate.differences
    assert (difference.baseline, difference.entry) == ("test_app.py", "test_broken")
    assert (difference.before, difference.after, difference.site.file) == (1, 2, "shop.py")
    assert difference.says == "2 queries, max_queries=1"
    assert read.outcome is Outcome.FAIL
    assert not read.interrupted
    assert str(pytester.path).encode() not in render(read, "json")
    assert b"test_broken" in render(read, "text")


def test_without_limits_there_is_nothing_to_fail(pytester):
    session(pytester, "def test_one(perf, db): shop.one(db)", "--perfkit-report=run.json")
    read = read_run(pytester.path / "run.json")
    assert read.gate is None
    assert read.outcome is Outcome.PASS


@pytest.mark.once
def test_html(pytester):
    session(pytester, TESTS, "--perfkit-report=run.html")
    assert "test_found[5]" in (pytester.path / "run.html").read_text()


def test_ctrl_c_keeps_what_was_measured(pytester):
    make(
        pytester,
        """
def test_before(perf, db):
    shop.one(db)

def test_stopped(perf):
    raise KeyboardInterrupt

def test_after(perf):
    pass
""",
    )
    result = run(pytester, "--perfkit-report=run.json", no_reraise_ctrlc=True)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    read = read_run(pytester.path / "run.json")
    assert read.interrupted
    assert [span.name for span in unpack(read.trace).of_kind("span")] == ["test_app.py::test_before"]


@pytest.mark.parametrize(
    ("path", "wrong"),
    [("run.txt", "*ends in .json, .json.gz or .html*"), ("folder.json", "*is a folder: name a file")],
)
def test_a_bad_path_is_refused_before_any_test(pytester, path, wrong):
    (pytester.path / "folder.json").mkdir()
    result = session(pytester, TESTS, f"--perfkit-report={path}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --perfkit-report={wrong}"])


def test_a_report_that_cannot_be_written_fails_the_session(pytester):
    (pytester.path / "taken").write_text("a file")
    result = session(pytester, "def test_one(perf): pass", "--perfkit-report=taken/run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["perfkit: cannot write *"])


def test_the_summary_is_short(pytester):
    result = session(pytester, TESTS)
    lines = result.stdout.lines
    start = next(number for number, line in enumerate(lines) if line.strip("= ") == "perfkit")
    ids = "SELECT id, name FROM lead WHERE id IN (?, ...)"
    assert lines[start + 1 : start + 7] == [
        "4 perf tests: 11 queries, 0 requests",
        "1 finding:",
        "  PK101 n-plus-one-query at shop.py:13 in each: 5 x SELECT name FROM lead WHERE id = ?",
        f"    Ask once for all of them, and look the rows up in a dict: {ids}",
        "    in test_app.py::test_found[4], test_app.py::test_found[5]",
        "saw no query and no request: test_app.py::test_idle",
    ]


def test_quiet_sessions_and_those_without_perf_tests_have_none(pytester):
    result = session(pytester, TESTS, "-q", "--perfkit-report=run.json")
    assert "4 perf tests*" not in result.stdout.str()
    result.stdout.fnmatch_lines(["report: *run.json"])
    assert "report:" not in run(pytester, "-qq", "--perfkit-report=run.json").stdout.str()
    assert "perfkit =" not in run(pytester, "-k", "other").stdout.str()


def test_names_are_shortened():
    assert shortened(["a", "b", "c", "d"]) == "a, b, c, d"
    assert shortened([]) == ""
