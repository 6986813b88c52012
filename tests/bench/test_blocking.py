"""Strategies without ``async`` in virtual time, and databases as worlds."""

from pathlib import Path

import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.bench.scenario import Scenario
from perfkit.errors import ScenarioError, UnknownNameError
from perfkit.worlds import WebWorld
from perfkit.worlds.database import Dataset, Postgres

pytest.importorskip("gevent")
FILE = Path(__file__).with_name("blocking_shop.py")
MS = 1_000_000
RTT_NS = 20 * MS


@pytest.fixture(scope="module")
def scenarios():
    return {scenario.name: scenario for scenario in load_file(FILE)}


@pytest.fixture(scope="module")
def cells(scenarios):
    run = bench([scenarios["blocking"]], Plan(workers=2))
    return {cell.strategy: cell for cell in run.scenarios[0].cells}


@pytest.mark.parametrize(
    ("strategy", "elapsed_ns"),
    [("serial", 11 * RTT_NS), ("threads", 3 * RTT_NS), ("sleeps", 500 * MS), ("asynchronous", 0)],
)
def test_threads_share_the_virtual_clock(cells, strategy, elapsed_ns):
    cell = cells[strategy]
    assert cell.status == "ok", cell.error
    assert cell.agrees
    assert cell.elapsed_ns == elapsed_ns


def test_calls_of_threads_are_counted_and_judged(cells):
    assert cells["serial"].counters["request"] == 10
    assert [finding.rule for finding in cells["serial"].findings] == ["PK102"]
    assert cells["threads"].peak_in_flight == 5


def test_a_lock_taken_twice_is_a_deadlock(cells):
    assert cells["locks_itself_out"].status == "deadlock"
    assert "blocking_shop.py" in cells["locks_itself_out"].error


def test_errors_are_those_of_their_strategy_alone(cells):
    assert (cells["raises"].status, cells["raises"].error) == ("failed", "ValueError: no such order")


def test_a_database_is_a_world(scenarios):
    result = bench([scenarios["rows"]], Plan()).scenarios[0]
    slow, fixed = result.cells
    assert (slow.status, fixed.status, fixed.agrees) == ("ok", "ok", True), (slow.error, fixed.error)
    assert (slow.counters["query"], fixed.counters["query"]) == (10, 1)
    assert [finding.rule for finding in slow.findings] == ["PK101"]
    (prediction,) = result.predictions
    assert abs(prediction.error) < 0.05


def test_counters_of_a_world_do_not_repeat_what_spans_count(scenarios):
    slow = bench([scenarios["rows"]], Plan()).scenarios[0].cells[0]
    assert not {"queries", "requests", "connects"} & set(slow.counters)
    assert slow.counters["steps"] > 0


def two_worlds():
    scenario = Scenario(
        "both",
        sizes=(1,),
        world={"web": WebWorld(lambda size: None), "pg": Postgres(lambda size, seed: Dataset([]))},
    )

    @scenario.strategy(baseline=True)
    async def nothing(world, size):
        return None

    return scenario


def test_databases_that_were_not_asked_for_are_left_out_and_named(scenarios):
    run = bench([two_worlds()], Plan(strategies=("nothing",)))
    assert [world.name for world in run.scenarios[0].worlds] == ["web"]
    assert run.warnings == ["both: left out pg; --db postgres measures it"]


def test_a_world_that_is_named_needs_no_database_to_be_named(scenarios):
    run = bench([scenarios["rows"]], Plan(databases=("postgres",)))
    assert run.scenarios[0].cells == []
    run = bench([scenarios["rows"]], Plan(databases=("postgres",), worlds=("default",)))
    assert len(run.scenarios[0].cells) == 2


def test_an_unknown_database_is_named(scenarios):
    with pytest.raises(UnknownNameError, match=r"'postgress'\. Did you mean 'postgres'"):
        bench([scenarios["rows"]], Plan(databases=("postgress",)))


def test_a_strategy_builds_on_one_that_is_there():
    scenario = Scenario("typo", sizes=(1,), world=WebWorld(lambda size: None))
    with pytest.raises(ScenarioError, match=r"typo\.fix builds on one not declared before it.*'slwo'"):
        scenario.strategy(name="fix", builds_on="slwo")(lambda world, size: None)


def test_without_gevent_such_strategies_are_skipped_and_say_what_to_install(scenarios, monkeypatch, tmp_path):
    (tmp_path / "gevent.py").write_text("raise ModuleNotFoundError('No module named gevent', name='gevent')")
    monkeypatch.syspath_prepend(tmp_path)  # workers are given the path of this process
    run = bench([scenarios["blocking"]], Plan(strategies=("serial", "asynchronous")))
    found = {cell.strategy: cell for cell in run.scenarios[0].cells}
    assert found["serial"].status == "skipped"
    assert "perfkit[sim-sync]" in found["serial"].error
    assert found["asynchronous"].status == "ok"
