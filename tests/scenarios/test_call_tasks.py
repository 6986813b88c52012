"""Story S4: each problem found at its line, each fix worth something, on both databases and both clocks."""

from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench, world_of
from perfkit.bench.measure import Job, measure
from perfkit.model import Outcome
from perfkit.worlds.serving import serving

pytestmark = pytest.mark.once
FOLDER = Path(__file__).parent.parent.parent / "scenarios"
PAGE = (FOLDER / "_call_tasks_page.py").read_text(encoding="utf-8").splitlines()
MS = 1_000_000
SIZE = 200
NEEDED = {"sqlite": ("gevent", "requests"), "postgres": ("gevent", "requests", "asyncpg", "psycopg")}

EXPECTED = {
    ("PK101", "sql.status, TASK, job"),
    ("PK101", "sql.recorded, TASK, job"),
    ("PK101", "await follow_up(db"),
    ("PK102", "recordings/{job['job']}"),
    ("PK103", "sql.guard, TASK"),
    ("PK105", "db.execute(sql.update, "),
    ("PK201", "await get(session"),
    ("PK202", "blocking_listing(world)"),
    ("PK301", "db.fetch(sql.all_ids"),
    ("PK303", "sql.follow_up, job"),
}
"""Each rule that must speak of the slow page, and what stands on its line."""


@pytest.fixture(scope="module")
def scenario():
    (found,) = load_file(FOLDER / "call_tasks.py")
    return found


def measured(scenario, database, **plan):
    for package in NEEDED[database]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    run = bench([scenario], Plan(databases=(database,), **plan))
    assert run.outcome is Outcome.PASS, run.problems()
    return run.scenarios[0]


@pytest.fixture(scope="module")
def on_sqlite(scenario):
    return measured(scenario, "sqlite", sizes=(20, SIZE))


@pytest.fixture(scope="module")
def on_postgres(scenario):
    return measured(scenario, "postgres", sizes=(SIZE,))


@pytest.fixture(params=["sqlite", "postgres"])
def result(request):
    return request.getfixturevalue(f"on_{request.param}")


def cell(result, strategy, size=SIZE):
    found = result.cell(result.worlds[0].name, strategy, size)
    assert found is not None
    return found


def saved_ns(result, strategy, on):
    return cell(result, on).elapsed_ns - cell(result, strategy).elapsed_ns


@pytest.mark.parametrize(("rule", "text"), sorted(EXPECTED))
def test_the_slow_page_is_found_out_line_by_line(result, rule, text):
    lines = [
        PAGE[finding.site.line - 1]
        for finding in cell(result, "slow").findings
        if finding.rule == rule and finding.site.file.endswith("_call_tasks_page.py")
    ]
    assert any(text in line for line in lines), lines


def test_nothing_is_found_in_the_mended_page(result):
    assert [finding.rule for finding in cell(result, "fixed").findings] == []


@pytest.mark.parametrize("fix", ["p2", "p3", "p4", "p5", "p6", "indexes", "p1_total_told", "p4_together"])
def test_each_fix_saves_something_of_its_own(result, fix):
    assert saved_ns(result, fix, "slow") > 0


@pytest.mark.parametrize(
    ("fix", "on"), [("p1-2", "p1"), ("p1-4", "p1-3"), ("p1-5", "p1-4"), ("p1-6", "p1-5")]
)
def test_and_on_top_of_those_before(result, fix, on):
    assert saved_ns(result, fix, on) > 0


def test_counting_beside_each_row_spares_rows_and_no_time(result):
    """The story's own fix of P1 reads every row again, to count them."""
    assert abs(saved_ns(result, "p1", "slow")) < MS
    rows = [cell(result, name).counters for name in ("slow", "p1")]
    slow, fixed = (counters.get("rows") or counters["rows_returned"] for counters in rows)
    assert slow - fixed == SIZE - 20


@pytest.mark.parametrize("group", ["", "threads.", "sqlalchemy."])
def test_the_mended_page_needs_few_queries_and_little_time(result, group):
    fixed, slow = cell(result, f"{group}fixed"), cell(result, f"{group}slow")
    assert fixed.counters["query"] <= 6
    assert slow.elapsed_ns >= 20 * fixed.elapsed_ns


def test_at_any_size(scenario):
    result = measured(scenario, "sqlite", sizes=(10_000,), strategies=("fixed",))
    assert cell(result, "fixed", 10_000).counters["query"] <= 6
    assert cell(result, "slow", 10_000).elapsed_ns >= 20 * cell(result, "fixed", 10_000).elapsed_ns


def test_predictions_are_near_what_the_fixes_save(result):
    assert {p.rule for p in result.predictions} == {"PK101", "PK102", "PK105"}
    for prediction in result.predictions:  # of both sizes
        assert abs(prediction.error) < 0.25, prediction


def test_the_story_is_compared_with_what_was_measured(on_sqlite):
    claims = {claim.says: claim for claim in on_sqlite.claims}
    holds = {says.partition(":")[0]: claim.holds for says, claim in claims.items()}
    assert holds == {
        "a small task (20 jobs)": False,
        "a medium task (200 jobs)": True,
        "a large task (2,000 jobs)": None,
        "recordings are 20-60 s of a page": True,
        "100-120 queries for a page of 20 jobs": True,
    }


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def served(scenario, request):
    """Job of a world that runs as real servers: the slow pages would take minutes, so no whole bench."""
    for package in NEEDED[request.param]:
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed")
    source = partial(world_of, scenario.file, scenario.name, request.param, 20, 1)
    with serving(source) as addresses:
        yield Job(scenario.file, scenario.name, request.param, "", 20, (1,), "wall", 0, addresses=addresses)


@pytest.mark.parametrize("strategy", ["fixed", "threads.fixed", "sqlalchemy.fixed"])
def test_in_wall_time_the_same_page_comes_out(scenario, served, strategy):
    wall = measure(scenario, replace(served, strategy=strategy))
    assert wall.cell.status == "ok", wall.cell.error
    assert wall.cell.counters["query"] <= 6
    assert wall.answers[0]["total"] == wall.answers[0]["updated"] == 20
    assert [job["url"] for job in wall.answers[0]["jobs"] if job["status"] == "finished"]
