"""Story S1: the figures that must hold around the accident, and the parts the day is made of."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.bench.measure import Job, measure
from perfkit.model import Outcome

FOLDER = Path(__file__).parent.parent.parent / "scenarios"
FILE = FOLDER / "calls.py"
SIZE = 1_500
RIGHT = ("serial_batches", "ten_singles", "parallel_20_10s", "parallel_5_10s", "parallel")


def load(name):
    sys.path.insert(0, str(FOLDER))
    try:
        spec = importlib.util.spec_from_file_location(f"{name}_under_test", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.remove(str(FOLDER))


day, figures = load("_calls_day"), load("_calls_figures")


@pytest.fixture(scope="module")
def scenario():
    (calls,) = load_file(FILE)
    return calls


@pytest.fixture(scope="module")
def result(scenario):
    run = bench([scenario], Plan())
    assert run.outcome is Outcome.PASS, run.problems()
    assert run.scenarios[0].sizes == [SIZE]
    return run.scenarios[0]


def of(result, world, strategy):
    cell = result.cell(world, strategy, SIZE)
    assert cell.status == "ok", cell.error
    return cell


# The day


def test_a_day_has_its_calls_its_humps_and_its_commands():
    calls = day.calls_of(15_000, 1)
    events = day.events_of(calls)
    by_hour = Counter()
    for event in events:
        by_hour[event.at_ns // day.HOUR_NS] += len(event.kinds)
    assert len(calls) == 15_000
    assert sum(by_hour.values()) == 84_920
    assert by_hour[11] / 3600 == pytest.approx(2.9, abs=0.1)
    assert by_hour[15] / 3600 == pytest.approx(2.9, abs=0.1)
    assert by_hour[13] < min(by_hour[11], by_hour[15])
    assert [event.at_ns for event in events] == sorted(event.at_ns for event in events)
    assert all(day.OPEN_H <= call.rings_ns / day.HOUR_NS < day.CLOSED_H for call in calls)


@pytest.mark.parametrize(("size", "commands"), [(12_000, 67_904), (18_000, 101_884)])
def test_other_days(size, commands):
    assert sum(len(event.kinds) for event in day.events_of(day.calls_of(size, 1))) == commands


def test_the_small_size_is_an_excerpt_of_the_day():
    excerpt, whole = day.calls_of(SIZE, 1), day.calls_of(15_000, 1)
    start = whole.index(excerpt[0])
    assert whole[start : start + SIZE] == excerpt
    assert excerpt[0].rings_ns >= day.EXCERPT_FROM_NS > whole[start - 1].rings_ns
    assert excerpt[-1].rings_ns > day.ACCIDENT.until_ns


@pytest.mark.parametrize("size", day.GATED)
def test_the_sizes_for_the_gate_are_excerpts_that_begin_before_the_accident(size):
    excerpt, whole = day.calls_of(size, 1), day.calls_of(15_000, 1)
    start = whole.index(excerpt[0])
    assert whole[start : start + size] == excerpt
    rings = [call.rings_ns for call in excerpt]
    before = sum(ns < day.ACCIDENT.from_ns for ns in rings)
    assert 0.3 < before / size < 0.5
    assert before < sum(ns < day.ACCIDENT.until_ns for ns in rings)


def test_what_happens_to_a_call_is_in_order():
    for call in day.calls_of(SIZE, 2):
        events = list(day._events(call))
        times = [event.at_ns for event in events]
        assert times == sorted(times)
        kinds = [kind for event in events for kind in event.kinds]
        assert kinds[:2] == ["register", "show"]
        assert kinds[-3:] == ["hide", "finish", "attachrecord"]
        assert kinds[2:-3] == ["hide", "show"] * (len(call.users) - 1)
        assert all(time % day.MS_NS == 0 for time in times)


def test_another_seed_is_another_day():
    assert day.calls_of(SIZE, 1) != day.calls_of(SIZE, 2)


# The figures

STEP = figures.STEP_NS


def told(due_ns, answered_ns):
    return SimpleNamespace(due_ns=due_ns, answered_ns=answered_ns)


def test_the_most_that_waited_in_each_step():
    commands = [told(0, 10), told(5, 2 * STEP + 1), told(STEP, STEP), told(3 * STEP, 3 * STEP + 1)]
    series = figures.waiting(commands)
    assert (series.start_ns, series.step_ns) == (0, STEP)
    assert series.values == [2, 1, 1, 1]


def test_the_median_delay_of_each_step():
    cards = [told(STEP, STEP + 4), told(STEP + 1, STEP + 3), told(3 * STEP, 3 * STEP + 9)]
    series = figures.card_delays(cards)
    assert (series.start_ns, series.values) == (STEP, [3, None, 9])


def test_quantiles_are_delays_that_were_there():
    values = figures._quantiles("card", list(range(1, 101)))
    assert values == {"card_p50_ns": 50, "card_p95_ns": 95, "card_max_ns": 100}
    assert set(figures._quantiles("card", [7]).values()) == {7}


# The strategies


def test_the_same_figures_to_the_last_digit_in_every_python(scenario):
    job = Job(str(FILE), "calls", "own", "parallel", SIZE, (1,), "virtual", 86_400 * 10**9)
    cell = measure(scenario, job).cell
    assert cell.samples[0].elapsed_ns == 42_123_600_000_000
    assert {name: value for name, value in cell.figures.items() if name.endswith("_ns")} == {
        "card_p50_ns": 1_902_000_000,
        "card_p95_ns": 2_902_000_000,
        "card_max_ns": 4_222_000_000,
        "accident_card_p50_ns": 12_405_000_000,
        "accident_card_p95_ns": 21_060_000_000,
        "accident_card_max_ns": 29_102_000_000,
    }
    assert cell.figures["http_requests"] == cell.counters["request"] == 1_968


def test_an_error_in_a_batch_ends_the_strategy(scenario, monkeypatch):
    line = scenario.strategies["parallel"].run.__globals__["Line"]

    async def broken(self, commands):
        raise ZeroDivisionError("in a task of the batcher")

    monkeypatch.setattr(line, "send_batch", broken)
    job = Job(str(FILE), "calls", "own", "parallel", SIZE, (1,), "virtual", 86_400 * 10**9)
    cell = measure(scenario, job).cell
    assert (cell.status, cell.error) == ("failed", "ZeroDivisionError: in a task of the batcher")


@pytest.mark.once
def test_every_right_strategy_gives_the_same_answer(result):
    for cell in result.cells:
        if not result.strategy(cell.strategy).flaw:
            assert cell.status == "ok"
            assert cell.agrees, (cell.world, cell.strategy)
            assert cell.figures["orders_violated"] == cell.figures["given_up"] == 0


@pytest.mark.once
def test_who_waits_for_each_batch_waits_for_minutes_in_the_accident(result):
    serial = of(result, "own", "serial_batches").figures
    assert 380e9 < serial["accident_card_p50_ns"] < 450e9
    assert serial["accident_card_max_ns"] > 480e9
    for name in ("parallel_20_10s", "parallel"):
        assert of(result, "own", name).figures["accident_card_p50_ns"] < 80e9


@pytest.mark.once
def test_ten_seconds_come_from_collecting(result):
    late, soon = (of(result, "own", name).figures["card_p50_ns"] for name in ("parallel_20_10s", "parallel"))
    assert late > 10e9 > 5 * soon


@pytest.mark.once
def test_the_knee_is_at_rate_times_cost(result):
    few, many = (of(result, "own", name) for name in ("parallel_5_10s", "parallel_20_10s"))
    assert few.peak_in_flight == 5
    assert 6 <= many.peak_in_flight <= 9
    assert few.figures["accident_card_p50_ns"] > 1.5 * many.figures["accident_card_p50_ns"]


@pytest.mark.once
def test_without_order_commands_come_to_a_portal_that_knows_no_such_call(result):
    cell = of(result, "own", "without_order")
    assert cell.agrees is False
    assert cell.figures["orders_violated"] > 0
    assert cell.findings[0].rule == "PK501"


@pytest.mark.once
def test_single_requests_run_into_the_limit_and_batches_do_not(result):
    refused = of(result, "own-limited", "ten_singles")
    assert refused.figures["refused_503"] == refused.counters["status_503"] > 1000
    assert "PK402" in {finding.rule for finding in refused.findings}
    assert of(result, "own-limited", "parallel").figures["refused_503"] == 0


@pytest.mark.once
def test_the_cloud_blocks_methods_and_ends_long_requests(result):
    assert of(result, "cloud", "small_batches").figures["blocked_attachrecord"] > 0
    assert of(result, "cloud-accident", "serial_in_cloud").figures["timeouts"] > 0
    assert of(result, "cloud-accident", "parallel_in_cloud").figures["blocked_429"] > 0


@pytest.mark.once
def test_one_request_per_command_is_found_at_its_line(result):
    found = of(result, "own", "one_by_one").findings
    assert {"PK102", "PK106"} <= {finding.rule for finding in found}
    line = FILE.read_text(encoding="utf-8").splitlines()[found[0].site.line - 1]
    assert found[0].site.file == "scenarios/calls.py"
    assert "await portal.send(command)" in line


@pytest.mark.once
def test_series_and_marks_are_on_one_clock(result):
    (accident,) = result.marks
    waiting, delay = of(result, "own", "serial_batches").series
    worst = waiting.values.index(max(waiting.values))
    assert accident.from_ns <= waiting.start_ns + worst * waiting.step_ns <= accident.until_ns
    assert (waiting.unit, delay.unit) == ("commands", "ns")


@pytest.mark.once
def test_each_claim_of_the_story_is_judged(result):
    judged = {claim.says: claim.holds for claim in result.claims}
    assert judged["five queued batches of 100 s: more than 8 minutes for the last one"] is True
    assert judged["batches of 100 s: the portal answers them"] is False
    whole_days = [says for says, holds in judged.items() if holds is None]
    assert len(whole_days) == 6
