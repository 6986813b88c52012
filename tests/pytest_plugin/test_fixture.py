"""The fixture ``perf``: a recording of the test's own body."""

from tests.pytest_plugin.projects import run, session


def test_it_records_the_body_and_nothing_of_fixtures(pytester):
    result = session(
        pytester,
        """
def test_body(perf, db):
    assert perf.counts["query"] == 0
    shop.one(db)
    assert perf.counts["query"] == 1

@pytest.fixture
def before(perf, db):
    shop.each(db, 3)
    yield
    assert perf.counts["query"] == 1
    assert perf.trace.of_kind("query")[0].site.file == "shop.py"

def test_around(before, db):
    shop.one(db)
""",
    )
    result.assert_outcomes(passed=2)


def test_it_is_the_recording(pytester):
    result = session(
        pytester,
        """
import perfkit

def test_findings(perf, db):
    shop.each(db, 5)
    (found,) = perf.findings()
    assert found.rule == "PK101"
    perf.assert_ok(max_queries=5, no=())
    assert isinstance(perf, perfkit.record)

def test_assert_ok_fails_the_test(perf, db):
    shop.each(db, 5)
    perf.assert_ok(max_queries=4, no=())
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E*BudgetError: 5 query spans, max_queries=4"])


def test_classes_parameters_and_usefixtures(pytester):
    result = session(
        pytester,
        """
class TestOf:
    @pytest.mark.parametrize("count", [1, 4])
    def test_count(self, perf, db, count):
        shop.each(db, count)
        assert perf.counts["query"] == count

@pytest.mark.usefixtures("perf")
def test_used(db):
    shop.one(db)
""",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["3 perf tests: 6 queries, 0 requests"])


def test_what_fails_and_what_skips_is_left_alone(pytester):
    result = session(
        pytester,
        """
def test_wrong(perf, db):
    shop.one(db)
    assert shop.one(db) is None

def test_skipped(perf):
    pytest.skip("not today")

@pytest.fixture
def broken(perf):
    raise ValueError("in set-up")

def test_never_begun(broken):
    pass
""",
    )
    result.assert_outcomes(failed=1, skipped=1, errors=1)
    result.stdout.fnmatch_lines(["E*assert ('1',) is None", "2 perf tests: 2 queries, 0 requests"])
    result.stdout.no_fnmatch_line("*pytest_plugin*")  # the wrapper is in no traceback


def test_a_test_run_again_is_recorded_anew(pytester):
    result = session(
        pytester,
        """
def test_count(perf, db):
    shop.one(db)
    assert perf.counts["query"] == 1
""",
    )
    result.assert_outcomes(passed=1)
    pytester.makepyfile(
        again="""
from _pytest.runner import runtestprotocol

def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True
"""
    )
    result = run(pytester, "-p", "again")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["1 perf test: 1 queries, 0 requests"])


def test_connections_made_by_earlier_fixtures_are_watched(pytester):
    result = session(
        pytester,
        """
@pytest.fixture(scope="session")
def lasting():
    database = shop.connect()
    yield database
    database.close()

def test_not_ours(lasting):
    shop.one(lasting)

def test_later(perf, lasting):
    shop.one(lasting)
    assert perf.counts["query"] == 1
""",
    )
    result.assert_outcomes(passed=2)


def test_a_fixture_and_a_marker_of_that_name_may_be_the_projects_own(pytester):
    result = session(
        pytester,
        """
import sys

@pytest.fixture
def perf():
    return "mine"

def test_own_fixture(perf, db):
    assert perf == "mine"
    shop.each(db, 5)

@pytest.mark.perf("slow", speed=3)
def test_own_marker(db):
    shop.each(db, 5)

@pytest.mark.perf(max_queries=1)
def test_ours(db):
    shop.one(db)
""",
        "--strict-markers",
        "--perfkit-strict",
        ini="[pytest]\nmarkers =\n    perf: slow ones",
    )
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["1 perf test: 1 queries, 0 requests"])


def test_recordings_are_let_go_of_after_each_test(pytester):
    result = session(
        pytester,
        """
import gc, weakref

KEPT = []

@pytest.mark.parametrize("number", [1, 2])
def test_one(perf, db, number):
    gc.collect()
    assert [kept for kept in KEPT if kept() is not None] == []
    KEPT.append(weakref.ref(perf))
""",
    )
    result.assert_outcomes(passed=2)
