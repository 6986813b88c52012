"""The marker ``perf(...)``: a budget that fails the test in its call phase, in words."""

import pytest

from tests.pytest_plugin.projects import run, session


def test_a_broken_budget_names_line_count_template_and_fix(pytester):
    result = session(
        pytester,
        """
@pytest.mark.perf(max_queries=3)
def test_page(db):
    shop.each(db, 5)
""",
    )
    result.assert_outcomes(failed=1)  # and no error in teardown
    result.stdout.fnmatch_lines(
        [
            "*_ test_page _*",
            "perfkit: 5 queries, max_queries=3",
            "  5 x SELECT name FROM lead WHERE id = ? at shop.py:10 in one",
            "  PK101 n-plus-one-query at shop.py:13 in each: 5 x SELECT name FROM lead WHERE id = ?",
            "*Ask once for all of them*",
            "FAILED test_app.py::test_page - perfkit: 5 queries, max_queries=3",
        ]
    )


def test_limits_that_are_kept_pass(pytester):
    result = session(
        pytester,
        """
@pytest.mark.perf(max_queries=5, max_requests=0, max_connects=0, max_transactions=0, max_memory="20 MB")
def test_page(db):
    shop.each(db, 5)

@pytest.mark.perf
def test_bare(db):
    shop.each(db, 5)
""",
    )
    result.assert_outcomes(passed=2)


@pytest.mark.parametrize("name", ["PK101", "n-plus-one-query"])
def test_findings_that_there_must_not_be(pytester, name):
    result = session(
        pytester,
        f"""
@pytest.mark.perf(no=["{name}"])
@pytest.mark.parametrize("way", [shop.each, shop.together])
def test_page(db, way):
    way(db, 5)
""",
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["FAILED test_app.py::test_page?each? - perfkit: PK101 n-plus-one-query at *"]
    )


def test_memory_counts_what_the_test_allocates(pytester):
    result = session(
        pytester,
        """
@pytest.mark.perf(max_memory="1 MB")
@pytest.mark.parametrize("size", [900_000, 1_100_000])
def test_bytes(size):
    bytearray(size)

@pytest.mark.perf(max_memory="20 kB")
def test_recording_is_not_counted(db):
    for _ in range(300):
        shop.one(db)
""",
    )
    result.assert_outcomes(failed=1, passed=2)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_bytes?1100000? - perfkit: 1,*"])


def test_memory_that_the_program_traces_itself(pytester):
    result = session(
        pytester,
        """
import tracemalloc

@pytest.fixture
def traced():
    tracemalloc.start()
    bytearray(5_000_000)
    yield
    assert tracemalloc.is_tracing()
    tracemalloc.stop()

@pytest.mark.perf(max_memory="1 MB")
def test_bytes(traced):
    bytearray(900_000)

@pytest.mark.perf(max_memory="1 MB")
def test_stopped():
    tracemalloc.stop()
""",
    )
    result.assert_outcomes(passed=2)


def test_the_closest_marker_decides_for_each_key(pytester):
    result = session(
        pytester,
        """
pytestmark = pytest.mark.perf(max_queries=1, no=["PK101"])

@pytest.mark.perf(max_queries=2)
class TestOf:
    def test_of_class(self, db):
        shop.each(db, 2)

    @pytest.mark.perf(max_queries=9)
    def test_of_function(self, db):
        shop.each(db, 5)

def test_of_module(db):
    shop.each(db, 2)

@pytest.mark.perf(max_queries=None)
def test_lifted(db):
    shop.each(db, 2)
""",
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "FAILED test_app.py::TestOf::test_of_function - perfkit: PK101*",
            "FAILED test_app.py::test_of_module - perfkit: 2 queries, max_queries=1",
        ]
    )


def test_xfail_raises_and_skips(pytester):
    result = session(
        pytester,
        """
pytestmark = pytest.mark.perf(max_queries=1)

@pytest.mark.xfail(raises=AssertionError, strict=True)
def test_expected(db):
    shop.each(db, 2)

@pytest.mark.xfail(strict=True)
def test_unexpected(db):
    shop.one(db)

@pytest.mark.skipif(True, reason="not here")
def test_skipped(db):
    shop.each(db, 2)

def test_raises(db):
    with pytest.raises(ZeroDivisionError):
        1 / 0
    shop.one(db)
""",
        "--perfkit-report=run.json",
    )
    result.assert_outcomes(xfailed=1, failed=1, skipped=1, passed=1)
    assert '"differences":[]' in (pytester.path / "run.json").read_text()


def test_unittest_counts_the_test_method(pytester):
    result = session(
        pytester,
        """
import unittest

@pytest.mark.perf(max_queries=1)
class TestPlain(unittest.TestCase):
    def setUp(self):
        self.db = shop.connect()
        self.addCleanup(self.db.close)
        shop.each(self.db, 4)

    def test_one(self):
        shop.one(self.db)

    def test_many(self):
        shop.each(self.db, 2)

@pytest.mark.perf(max_queries=1)
class TestOfLoop(unittest.IsolatedAsyncioTestCase):
    async def test_many(self):
        db = shop.connect()
        self.addCleanup(db.close)
        shop.each(db, 2)
""",
    )
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*TestPlain::test_many - perfkit: 2 queries, max_queries=1"])


def test_hypothesis_adds_up_its_examples(pytester):
    result = session(
        pytester,
        """
from hypothesis import given, settings, strategies

DATABASE = None

@pytest.fixture(autouse=True, scope="module")
def database():
    global DATABASE
    DATABASE = shop.connect()
    yield
    DATABASE.close()

@pytest.mark.perf(max_queries=3)
@given(strategies.integers())
@settings(max_examples=4, database=None, derandomize=True)
def test_all(number):
    shop.one(DATABASE, number % 50)
""",
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["perfkit: 4 queries, max_queries=3"])


def test_bad_arguments_end_the_session_before_any_test(pytester):
    result = session(
        pytester,
        """
@pytest.mark.perf(max_querys=3)
def test_name(): pass

@pytest.mark.perf(3)
def test_position(): pass

@pytest.mark.perf(max_queries="3")
def test_value(): pass

@pytest.mark.perf(max_memory="20 megs")
def test_size(): pass

@pytest.mark.perf(no=["PK999"])
def test_rule(): pass

@pytest.mark.perf(probes="sqlite")
def test_probe(): pass

def test_fine():
    raise SystemError
""",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: *test_name: no argument of the perf marker named 'max_querys'. Did you mean 'max_que*",
            "*test_position: perf(3,): limits have names*",
            "*test_value: max_queries='3': write a whole number, 0 or more",
            "*test_size: max_memory='20 megs': write *",
            "*test_rule: no rule named 'PK999'*",
            "*test_probe: no probe named 'sqlite'. Did you mean 'sqlite3'*",
        ]
    )
    result.stdout.no_fnmatch_line("*SystemError*")


def test_a_probe_that_must_see_something(pytester):
    result = session(
        pytester,
        """
@pytest.mark.perf(max_queries=1, probes=["sqlite3"])
def test_seen(db):
    shop.one(db)

@pytest.mark.perf(max_queries=1, probes=["sqlite3"])
def test_unseen():
    pass
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["FAILED *::test_unseen - perfkit: expected to see sqlite3 at work*"])


def test_a_limit_that_nobody_counts_for_is_named(pytester, monkeypatch):
    result = session(
        pytester,
        """
import sys, types

@pytest.mark.perf(max_queries=1)
def test_other_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "pymysql", types.ModuleType("pymysql"))
""",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "saw no query and no request: test_app.py::test_other_library",
            "max_queries counted nothing, and pymysql is imported, for which perfkit has no probe",
        ]
    )


def test_strict_fails_for_findings_that_are_not_allowed(pytester):
    tests = """
import perfkit

def test_found(perf, db):
    shop.each(db, 5)

def test_allowed(perf, db):
    with perfkit.allow("PK101", reason="five at most"):
        shop.each(db, 5)

def test_no_perf_test(db):
    shop.each(db, 5)
"""
    session(pytester, tests).assert_outcomes(passed=3)
    result = run(pytester, "--perfkit-strict")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_app.py::test_found - perfkit: PK101*"])
