"""``--perfkit-baselines``: each perf test against the committed file of its module."""

import sys

import pytest

from perfkit.model.storage import read_run
from perfkit.pytest_plugin import alone
from perfkit.pytest_plugin.measured import measured
from perfkit.tracing import callpath
from tests.pytest_plugin.projects import make, run, session

TESTS = """
import os

CACHE = []

def test_one(perf, db):
    shop.one(db)
    if os.environ.get("EXTRA"):
        shop.together(db, 2)

@pytest.mark.perf
@pytest.mark.parametrize("count", [2, 5])
def test_each(db, count):
    shop.each(db, count)

def cached(db):
    CACHE[:] = CACHE or [shop.one(db)]

class TestCached:
    def test_a(self, perf, db):
        cached(db)

    def test_b(self, perf, db):
        cached(db)

def test_idle(perf):
    pass
"""
FILE = "perf-baselines/pytest/test_app.toml"


@pytest.fixture(autouse=True)
def alone_in_this_process(pytester, monkeypatch, request):
    """Fresh processes take a second each: most tests measure in another session of this one."""
    if request.node.get_closest_marker("once"):
        return

    def measure(item):
        told = pytester.path / "told.json"
        name = f"{item.path}::{item.nodeid.partition('::')[2]}"
        sys.modules.pop("test_app", None)
        assert run(pytester, f"--perfkit-alone={told}", name).ret == 0
        return measured(told.read_text())

    monkeypatch.setattr(alone, "measure", measure)


def update(pytester, *arguments):
    return run(pytester, "--perfkit-baselines=update", *arguments)


def check(pytester, *arguments):
    return run(pytester, "--perfkit-baselines=check", *arguments)


def text(pytester):
    return (pytester.path / FILE).read_text()


def test_without_a_baseline_tests_fail_and_say_what_to_do(pytester):
    make(pytester, TESTS)
    result = check(pytester)
    result.assert_outcomes(failed=6)
    result.stdout.fnmatch_lines(
        [
            f"perfkit: {FILE} has no entry for this test. Record it: *",
        ]
    )


def test_what_was_recorded_is_true_and_holds_nothing_of_this_machine(pytester):
    make(pytester, TESTS)
    result = update(pytester)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines([f"recorded {FILE}"])
    recorded = text(pytester)
    assert '[entry."test_each[5]"]' in recorded
    assert '"query SELECT name FROM lead WHERE id = ?" = 5' in recorded
    assert '"finding PK101 SELECT name FROM lead WHERE id = ? at shop.py:each" = 1' in recorded
    assert str(pytester.path) not in recorded
    assert "_ns" not in recorded
    check(pytester).assert_outcomes(passed=6)
    again = update(pytester)
    again.stdout.no_fnmatch_line("recorded *")
    assert text(pytester) == recorded


def test_caches_that_other_tests_warmed_decide_nothing(pytester):
    make(pytester, TESTS)
    update(pytester)
    assert text(pytester).count("query = 1\n") == 3  # test_b, too: alone it fills the cache itself
    result = check(pytester)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        ["differed from the baseline beside other tests, and not alone: test_app.py::TestCached::test_b"]
    )


def test_one_query_more_fails_its_test_and_is_named_with_its_line(pytester, monkeypatch):
    make(pytester, TESTS)
    update(pytester)
    monkeypatch.setenv("EXTRA", "1")
    result = check(pytester, "--perfkit-report=run.json")
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["perfkit: +1 SELECT name FROM lead WHERE id IN (?, ...) at *test_one*"])
    read = read_run(pytester.path / "run.json")
    assert [d.entry for d in read.gate.differences] == ["test_one"]
    assert read.gate.compared > 6


def test_one_query_less_must_be_recorded_too(pytester, monkeypatch):
    make(pytester, TESTS)
    monkeypatch.setenv("EXTRA", "1")
    update(pytester)
    monkeypatch.delenv("EXTRA")
    result = check(pytester)
    result.assert_outcomes(passed=5, failed=1)
    update(pytester).assert_outcomes(passed=6)
    check(pytester).assert_outcomes(passed=6)


def test_worse_needs_a_reason_which_stays(pytester, monkeypatch):
    make(pytester, TESTS)
    update(pytester)
    before = text(pytester)
    monkeypatch.setenv("EXTRA", "1")
    result = update(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [f"perfkit: {FILE} was not updated, for test_one got worse.*--perfkit-reason*"]
    )
    assert text(pytester) == before
    assert update(pytester, "--perfkit-reason", "the audit asks for it").ret == 0
    assert '"the audit asks for it"' in text(pytester)
    check(pytester).assert_outcomes(passed=6)


def test_a_test_that_is_gone_is_named_when_the_whole_module_ran(pytester):
    make(pytester, TESTS)
    update(pytester)
    pytester.makepyfile(test_app=f"import pytest\nimport shop\n{TESTS.replace('test_one', 'test_first')}")
    assert check(pytester, "-k", "each").ret == 0
    assert check(pytester, "test_app.py::test_idle").ret == 0
    result = check(pytester, "-k", "test_ or Test")  # deselects nothing
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines([f"perfkit: {FILE}: test_one is no longer there.*"])
    update(pytester, "-k", "first")
    assert "entry.test_one]" in text(pytester)
    assert check(pytester).ret == 1  # all pass, and one is gone
    update(pytester)
    assert "entry.test_one]" not in text(pytester)
    assert check(pytester).ret == 0


def test_a_module_without_its_perf_tests_is_named(pytester):
    make(pytester, TESTS)
    update(pytester)
    pytester.makepyfile(test_app="def test_one(): pass", test_more="def test_it(perf): pass")
    result = check(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"perfkit: {FILE}: test_each?2? is no longer there.*"])
    update(pytester)
    assert not (pytester.path / FILE).exists()


def test_a_module_that_is_gone_is_named(pytester):
    make(pytester, TESTS, test_more="def test_it(perf): pass")
    update(pytester)
    (pytester.path / "test_app.py").unlink()
    result = check(pytester)
    assert result.ret == 1
    result.stdout.fnmatch_lines([f"perfkit: {FILE}: test_app.py is no longer there. Delete the file."])


def test_nothing_compared_is_no_pass(pytester):
    result = session(pytester, "def test_plain(): pass", "--perfkit-baselines=check")
    assert result.ret == 1
    result.stdout.fnmatch_lines(["perfkit: no perf test ran: nothing was compared with a baseline"])


def test_a_damaged_file_says_so(pytester):
    make(pytester, TESTS)
    update(pytester)
    (pytester.path / FILE).write_text("<<<<<<< ours\n")
    result = check(pytester, "-k", "idle")
    result.assert_outcomes(failed=1, deselected=5)
    result.stdout.fnmatch_lines(["perfkit: *test_app.toml has merge conflict markers.*"])


def test_strict_lets_pass_what_the_baseline_has(pytester):
    make(pytester, TESTS)
    run(pytester, "--perfkit-strict").assert_outcomes(passed=5, failed=1)
    update(pytester)
    run(pytester, "--perfkit-strict").assert_outcomes(passed=6)


def test_files_are_named_from_the_root_wherever_pytest_is_started(pytester, monkeypatch):
    make(pytester, TESTS)
    update(pytester)
    recorded = text(pytester)
    (pytester.path / "deep").mkdir()
    monkeypatch.chdir(pytester.path / "deep")
    callpath.forget()
    run(pytester, "--perfkit-baselines=check", "..").assert_outcomes(passed=6)
    run(pytester, "--perfkit-baselines=update", "..")
    assert text(pytester) == recorded
    callpath.forget()


def test_a_test_that_fails_is_not_recorded(pytester):
    make(
        pytester,
        """
def test_wrong(perf):
    raise ValueError

@pytest.mark.perf(max_queries=1)
def test_broken(db):
    shop.each(db, 2)
""",
    )
    assert update(pytester).ret == 1
    assert not (pytester.path / FILE).exists()


@pytest.mark.parametrize("word", ["chek", "test_app.py"])
def test_a_bad_mode_is_a_usage_error(pytester, word):
    result = session(pytester, TESTS, f"--perfkit-baselines={word}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{word}' is neither check nor update*"])


@pytest.mark.once
def test_a_fresh_process_measures_alone(pytester):
    make(
        pytester,
        """
import os, sys

CACHE = []

def test_first(perf, db):
    CACHE.append(shop.one(db))

def test_hash_seed(perf, db):
    if not CACHE:
        assert os.environ["PYTHONHASHSEED"] == "0"
        shop.one(db)
        assert "--junitxml=out.xml" not in sys.argv

def test_failing_alone(perf, db):
    assert CACHE
    shop.one(db)
""",
    )
    # the inner sessions' plugins are named on their command lines, which fresh processes are given, too
    result = update(pytester, "--junitxml=out.xml", "test_app.py")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        ["perfkit: measured alone in a fresh process, the test does not pass:", "*assert CACHE*"]
    )
    assert text(pytester).count("query = 1\n") == 2
    assert (pytester.path / "out.xml").stat().st_size > 1000


@pytest.mark.once
def test_a_fresh_process_that_takes_too_long(pytester, monkeypatch):
    monkeypatch.setenv("PERFKIT_TIMEOUT_S", "0.01")
    make(pytester, "def test_one(perf): pass")
    result = update(pytester)
    result.stdout.fnmatch_lines(
        ["perfkit: measured alone in a fresh process, the test took more than 0.01 s*"]
    )


def test_options_of_the_session_that_are_not_for_one_test():
    kept = alone._kept(
        [
            "-x",
            "--pdb",
            "--junitxml",
            "a.xml",
            "--perfkit-report=b.json",
            "-k",
            "one",
            "--perfkit-baselines=update",
        ]
    )
    assert kept == ["-x", "-k", "one"]
