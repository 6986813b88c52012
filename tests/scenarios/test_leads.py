"""Story S0 at its own scale: the figures that must hold, and the same code in wall time."""

from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.model import Outcome

pytestmark = pytest.mark.once
FILE = Path(__file__).parent.parent.parent / "scenarios" / "leads.py"
SECOND = 10**9
RIGHT = ("chunked", "batched", "concurrent", "batched_concurrent", "in_filter")


@pytest.fixture(scope="module")
def scenario():
    (leads,) = load_file(FILE)
    return leads


@pytest.fixture(scope="module")
def result(scenario):
    run = bench([scenario], Plan(sizes=(20, 200)))
    assert run.outcome is Outcome.PASS, run.problems()
    return run.scenarios[0]


def cell(result, world, strategy, size=200):
    found = result.cell(world, strategy, size)
    assert found is not None
    return found


def test_one_call_per_lead_takes_what_the_story_says(result):
    assert 40 * SECOND <= cell(result, "own-200ms", "serial").elapsed_ns <= 43 * SECOND
    assert 75 * SECOND <= cell(result, "cloud-200ms", "serial").elapsed_ns <= 80 * SECOND
    assert 160 * SECOND <= cell(result, "own-800ms", "serial").elapsed_ns <= 170 * SECOND


@pytest.mark.parametrize("world", ["own-200ms", "cloud-200ms", "own-800ms"])
@pytest.mark.parametrize("group", ["", "fast_bitrix24."])
def test_the_fixes_rank_as_they_should(result, world, group):
    serial = cell(result, world, f"{group}serial").elapsed_ns
    assert serial >= 20 * cell(result, world, f"{group}batched_concurrent").elapsed_ns


@pytest.mark.parametrize("size", [20, 200])
@pytest.mark.parametrize("world", ["own-200ms", "cloud-200ms", "own-800ms"])
def test_one_filter_is_the_fastest(result, world, size):
    times = {name: cell(result, world, name, size).elapsed_ns for name in ("serial", *RIGHT)}
    assert min(times, key=times.get) == "in_filter"


def test_every_strategy_gives_the_same_six_counts(result):
    for each in result.cells:
        if not result.strategy(each.strategy).flaw:
            assert each.status == "ok"
            assert each.agrees, each.strategy
            assert each.answer.count(": ") == 6


@pytest.mark.parametrize("name", ["as_published", "fast_bitrix24.as_published"])
@pytest.mark.parametrize("size", [20, 200])
def test_the_published_filter_is_found_out(result, name, size):
    published = cell(result, "own-200ms", name, size)
    assert published.agrees is False
    assert published.findings[0].rule == "PK501"
    assert "drops LOGIC and FILTER" in published.findings[0].evidence[-1]
    assert published.counters["rows"] > 2 * cell(result, "own-200ms", "chunked", size).counters["rows"]


@pytest.mark.parametrize("strategy", ["serial", "fast_bitrix24.serial"])
def test_the_loop_is_found_at_its_own_line(result, strategy):
    source = FILE.read_text(encoding="utf-8").splitlines()
    for world in ("own-200ms", "cloud-200ms"):
        (finding,) = (each for each in cell(result, world, strategy).findings if each.rule == "PK102")
        assert (finding.count, finding.site.file) == (200, "scenarios/leads.py")
        line = source[finding.site.line - 1]
        assert "await portal." in line
        assert '"crm.activity.list", open_activities(lead)' in line


def test_predictions_are_close_to_what_the_fix_measures(result):
    assert len(result.predictions) == 2 * 3 * 2
    for prediction in result.predictions:
        assert abs(prediction.error) <= 0.25, prediction


def test_ignoring_the_limit_is_refused_and_shown(result):
    unthrottled = cell(result, "cloud-200ms", "unthrottled")
    assert unthrottled.counters["status_503"] > 100
    assert unthrottled.agrees
    assert "status_503" not in cell(result, "cloud-200ms", "concurrent").counters


def test_each_claim_of_the_story_is_judged(result):
    judged = {claim.says: claim.holds for claim in result.claims}
    assert list(judged.values()).count(None) == 0
    false = [says for says, holds in judged.items() if holds is False]
    assert any("fast_bitrix24>=3.2.0" in says for says in false)
    assert any("LOGIC: OR" in says for says in false)
    assert any("20-80 s" in says for says, holds in judged.items() if holds)


def test_a_partial_run_does_not_judge_what_it_did_not_measure(scenario):
    run = bench([scenario], Plan(sizes=(20,), worlds=("own-800ms",), strategies=("batched",)))
    assert run.outcome is Outcome.PASS
    assert any(claim.holds is None for claim in run.scenarios[0].claims)


def test_the_same_code_in_wall_time(scenario):
    plan = Plan(
        clock="wall", sizes=(20,), worlds=("cloud-200ms",), strategies=("batched", "fast_bitrix24.batched")
    )
    run = bench([scenario], plan)
    assert run.outcome is Outcome.PASS, run.problems()
    assert len(run.scenarios[0].cells) == 4
    for prediction in run.scenarios[0].predictions:
        assert abs(prediction.error) <= 0.25, prediction
