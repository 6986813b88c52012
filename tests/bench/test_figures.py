import gc
from dataclasses import replace
from pathlib import Path

import pytest

import perfkit
from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.bench.measure import Job, measure
from perfkit.errors import ScenarioError
from perfkit.model import Mark, Series, StrategyInfo
from perfkit.model.storage import read_run, write_run
from perfkit.worlds import WebWorld

FILE = Path(__file__).parent / "measured.py"
SECOND_NS = 1_000_000_000


@pytest.fixture(scope="module")
def waiting():
    (scenario,) = load_file(FILE)
    return scenario


@pytest.fixture(scope="module")
def run(waiting):
    return bench([waiting], Plan(workers=1))


def test_figures_and_series_are_the_cells(run, tmp_path):
    write_run(run, tmp_path / "run.json")
    for result in (run.scenarios[0], read_run(tmp_path / "run.json").scenarios[0]):
        cell = result.cell("default", "waits", 1)
        assert cell.figures == {"late_ns": 0.5 * SECOND_NS}
        assert cell.series == [Series("late", "ns", 0, SECOND_NS, [0.0, None, 0.5])]
        assert result.marks == [Mark("a storm", 10, 20)]
        assert result.strategy("waits").parameters == {"pause_s": [1, 2.5]}


def test_a_figure_that_is_no_number_is_the_cells_failure(run):
    cell = run.scenarios[0].cell("default", "measures_nothing", 1)
    assert (cell.status, cell.figures) == ("failed", {})
    assert "figure 'late_ns' must be a finite number, not nan" in cell.error


def test_sizes_that_are_measured_only_when_named(run, waiting):
    assert run.scenarios[0].sizes == [1, 2]
    assert bench([waiting], Plan(workers=1, sizes=(3,))).scenarios[0].sizes == [3]


def test_options_are_the_strategys_parameters(waiting):
    job = Job(str(FILE), "waiting", "default", "waits", 2, (1,), "virtual", 10**12)
    assert measure(waiting, job).cell.elapsed_ns == SECOND_NS
    assert measure(waiting, replace(job, options={"pause_s": 2.0})).cell.elapsed_ns == 4 * SECOND_NS


def test_what_tuning_makes_small(waiting):
    assert (waiting.goal, waiting.limits) == ({"late_ns": 1.0}, {"early": 0})
    plain = perfkit.Scenario("plain", sizes=(1,), world=WebWorld(lambda size: None), goal="late_ns")
    assert (plain.goal, plain.limits) == ({"late_ns": 1.0}, {"status_429": 0, "status_503": 0})


@pytest.mark.parametrize(
    ("tune", "says"),
    [
        ({"pause_s": ()}, "must be finite numbers"),
        ({"pause_s": ("long",)}, "must be finite numbers"),
        ({"pause_s": (float("inf"),)}, "must be finite numbers"),
        ({"pause_s": (True,)}, "must be finite numbers"),
        ({"size": (1,)}, "names 'size'; make it a keyword-only parameter"),
        ({"needed": (1,)}, "names 'needed'; make it a keyword-only parameter"),
        ({"other": (1,)}, "names 'other'; make it a keyword-only parameter"),
    ],
)
def test_parameters_that_cannot_be_given(tune, says):
    scenario = perfkit.Scenario("one", sizes=(1,), world=WebWorld(lambda size: None))
    with pytest.raises(ScenarioError, match=says):

        @scenario.strategy(tune=tune)
        async def strategy(world, size, *, needed, pause_s=1): ...


def test_parameters_are_sorted_and_each_is_there_once():
    scenario = perfkit.Scenario("one", sizes=(1,), world=WebWorld(lambda size: None))

    @scenario.strategy(tune={"limit": (5, 1, 5)})
    async def strategy(world, size, *, limit=1): ...

    assert scenario.strategies["strategy"].info == StrategyInfo("strategy", parameters={"limit": [1, 5]})


def test_a_scenario_for_one_clock_is_left_out_on_the_other(waiting, monkeypatch):
    monkeypatch.setattr(waiting, "clocks", ("virtual",))
    run = bench([waiting], Plan(workers=1, clock="wall"))
    assert run.scenarios[0].cells == []
    assert "waiting: left out; it runs on the virtual clock only" in run.warnings


@pytest.mark.parametrize("clocks", [(), ("sun",)])
def test_clocks_are_known(clocks):
    with pytest.raises(ScenarioError, match="clocks must be among virtual, wall"):
        perfkit.Scenario("one", sizes=(1,), world=WebWorld(lambda size: None), clocks=clocks)


def test_default_sizes_are_sizes():
    with pytest.raises(ScenarioError, match="default_sizes has 7, which is not among sizes"):
        perfkit.Scenario("one", sizes=(1,), world=WebWorld(lambda size: None), default_sizes=(1, 7))


@pytest.mark.parametrize(
    ("strategy", "told"), [("leaves_failed_tasks", 0), ("leaves_a_failed_task_unknowingly", 1)]
)
def test_a_task_that_fails_unheard_is_told_of_unless_the_strategy_is_known_to_fail(
    waiting, caplog, strategy, told
):
    measure(waiting, Job(str(FILE), "waiting", "default", strategy, 1, (1,), "virtual", 10**12))
    gc.collect()
    assert sum("never retrieved" in record.message for record in caplog.records) == told
