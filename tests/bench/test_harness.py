import os
import signal
import subprocess
import sys
import time

import msgspec
import pytest

from perfkit.bench.discovery import load_file
from perfkit.bench.harness import Plan, bench
from perfkit.errors import UnknownNameError, UsageError
from perfkit.model import Outcome, unpack
from perfkit.model.storage import read_run, write_run

pytestmark = pytest.mark.once


MS = 1_000_000
RTT_NS = 20 * MS
FILE = __file__.replace("test_harness.py", "shop.py")


@pytest.fixture(scope="module")
def scenarios():
    from pathlib import Path

    return {scenario.name: scenario for scenario in load_file(Path(FILE))}


@pytest.fixture(scope="module")
def run(scenarios):
    return bench([scenarios["shop"]], Plan(workers=2))


@pytest.fixture(scope="module")
def wrong(scenarios):
    return bench([scenarios["wrong"]], Plan(timeout_s=3, workers=2))


def cells(run):
    return {(cell.strategy, cell.size): cell for cell in run.scenarios[0].cells}


def test_virtual_times_are_what_theory_says(run):
    found = cells(run)
    for size, batches in ((10, 1), (100, 2)):
        trips = {
            "serial": 1 + 1 + size,
            "batched": 1 + 1 + batches,
            # four more connections are opened, each for one more round trip
            "concurrent": 1 + 1 + 1 + size // 5,
            "batched_concurrent": 1 + 1 + (1 if batches == 1 else 2),
        }
        measured = {name: found[name, size].elapsed_ns / RTT_NS for name in trips}
        assert measured == pytest.approx(trips, abs=1e-6)


def test_answers_counters_and_shapes(run):
    found = cells(run)
    assert found["serial", 10].answer == repr(sum(range(10)) * 7)
    assert all(cell.agrees for cell in found.values())
    assert found["serial", 100].counters["request"] == 101
    assert found["batched", 100].counters["request"] == 3
    assert found["serial", 100].counters["connect"] == 1
    assert found["concurrent", 100].peak_in_flight == 5
    assert found["serial", 100].waiting_ns == 102 * RTT_NS
    assert run.outcome is Outcome.PASS


def test_the_loop_is_found_and_its_prediction_proved(run):
    (finding,) = cells(run)["serial", 100].findings
    assert (finding.rule, finding.count) == ("PK102", 100)
    assert (finding.site.file, finding.site.function) == ("tests/bench/shop.py", "one")
    small, large = run.scenarios[0].predictions
    assert (large.baseline, large.strategy, large.rule) == ("serial", "batched", "PK102")
    assert large.predicted_saving_ns == large.measured_saving_ns == 98 * RTT_NS
    assert small.error == 0


def test_two_runs_have_equal_result_sections(run, scenarios):
    again = bench([scenarios["shop"]], Plan(workers=1))
    assert msgspec.json.encode(again.scenarios) == msgspec.json.encode(run.scenarios)


def test_costs_are_there_for_each_cell_and_apart(run):
    assert len(run.machine.costs) == len(run.scenarios[0].cells)
    assert all(cost.computing_ns > 0 and cost.real_ns >= cost.computing_ns for cost in run.machine.costs)


def test_a_chosen_strategy_brings_its_baseline(scenarios):
    run = bench([scenarios["shop"]], Plan(strategies=("batched",), sizes=(10,), workers=1))
    assert list(cells(run)) == [("serial", 10), ("batched", 10)]


def test_repeats_are_samples_with_the_next_seeds(scenarios):
    run = bench([scenarios["shop"]], Plan(strategies=("serial",), sizes=(10,), seed=5, repeats=3, workers=1))
    (cell,) = run.scenarios[0].cells
    assert [sample.seed for sample in cell.samples] == [5, 6, 7]


def test_wall_time_measures_against_a_real_server(scenarios):
    run = bench([scenarios["shop"]], Plan(clock="wall", sizes=(10,), strategies=("batched",), repeats=2))
    found = cells(run)
    assert all(cell.status == "ok" and cell.agrees and len(cell.samples) == 2 for cell in found.values())
    assert found["serial", 10].counters["request"] == 11
    assert found["serial", 10].elapsed_ns > 12 * RTT_NS
    assert run.clock == "wall"


@pytest.mark.parametrize(
    ("strategy", "status", "error"),
    [
        ("right", "ok", ""),
        ("raises", "failed", "ValueError: no such order"),
        ("waits_for_ever", "deadlock", "shop.py"),
        ("sleeps_for_ever", "timeout", ""),
        ("burns_for_ever", "timeout", "no answer after 3 s of real time; stopped"),
        ("dies", "failed", "its process ended with exit code 7"),
        ("exits", "failed", "SystemExit: 3"),
        ("cannot_be_compared", "failed", "cannot be compared"),
        ("has_no_yes_or_no", "failed", "cannot be compared with =="),
        ("does_not_come_back", "failed", "cannot be compared (read back)"),
        ("raises_anything", "failed", "KeyboardInterrupt"),
        ("leaks", "failed", "/rest/{user}/{token}/x?auth="),
        ("leaks_a_password", "failed", "postgresql+psycopg://me:***@db.test:5432/shop?sslpassword=*** nor"),
        ("odd_attributes", "ok", ""),
        ("blocks", "failed", "asyncio.run() in a simulation of threads"),
        ("needs", "skipped", "no_such_package"),
        ("prints", "ok", ""),
        ("differs", "ok", ""),
        ("flawed", "ok", ""),
    ],
)
def test_what_goes_wrong_is_said_and_costs_no_other_result(wrong, strategy, status, error):
    cell = cells(wrong)[strategy, 2]
    assert cell.status == status
    assert error in cell.error
    assert "r3t" not in cell.error


def test_a_failed_strategy_keeps_its_trace(wrong):
    assert cells(wrong)["raises", 2].counters["request"] == 1


def test_a_wrong_answer_is_a_finding_at_the_strategy(wrong):
    for name, count in (("differs", 2), ("flawed", 3)):
        cell = cells(wrong)[name, 2]
        assert cell.agrees is False
        (finding,) = cell.findings
        assert (finding.rule, finding.site.file, finding.site.function) == (
            "PK501",
            "tests/bench/shop.py",
            name,
        )
        assert len(finding.evidence) == count


def test_only_undeclared_problems_fail_the_run(wrong):
    problems = wrong.problems()
    assert wrong.outcome is Outcome.FAIL
    assert any("differs at 2 items" in problem for problem in problems)
    assert not any("flawed" in problem or "needs" in problem for problem in problems)


def test_wall_time_takes_the_smallest_size_unless_told(scenarios):
    run = bench([scenarios["shop"]], Plan(clock="wall", strategies=("batched",)))
    assert {cell.size for cell in run.scenarios[0].cells} == {10}
    assert any("--size" in warning for warning in run.warnings)


def test_a_sync_strategy_runs_in_wall_time_and_may_start_a_loop(scenarios):
    run = bench([scenarios["wrong"]], Plan(clock="wall", strategies=("blocks",)))
    cell = cells(run)["blocks", 2]
    assert cell.status == "ok", cell.error
    assert cell.agrees


def test_odd_values_cost_no_run(wrong, tmp_path):
    path = write_run(wrong, tmp_path / "run.json")
    cell = next(c for c in read_run(path).scenarios[0].cells if c.strategy == "odd_attributes")
    span = unpack(cell.trace).spans[0]
    assert (span.name, span.attrs) == ("odd ?", {"path": "PurePosixPath('/x')"})


def test_the_secrets_of_an_error_stay_out(wrong):
    assert "s3cr3t" not in repr(wrong)


def test_without_a_baseline_the_answers_are_compared_all_the_same(scenarios):
    run = bench([scenarios["headless"]], Plan(workers=1))
    assert [cell.agrees for cell in run.scenarios[0].cells] == [True, False]
    assert run.outcome is Outcome.FAIL


def test_a_difference_beyond_what_is_shown_is_a_finding(scenarios):
    run = bench([scenarios["long"]], Plan(workers=1))
    (finding,) = cells(run)["differs_at_the_end", 1].findings
    assert "differs beyond what is shown" in finding.evidence[0]


def test_a_world_that_cannot_start_costs_its_own_cells_only(scenarios):
    for clock in ("virtual", "wall"):
        run = bench([scenarios["worldless"], scenarios["headless"]], Plan(clock=clock, workers=1))
        assert [cell.status for cell in run.scenarios[0].cells] == ["failed"]
        assert "no data" in run.scenarios[0].cells[0].error
        assert [cell.status for cell in run.scenarios[1].cells] == ["ok", "ok"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_workers_end_when_their_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        "import pathlib\n"
        "from perfkit.bench.discovery import load_file\n"
        "from perfkit.bench.harness import Plan, bench\n"
        "if __name__ == '__main__':\n"
        f"    found = {{s.name: s for s in load_file(pathlib.Path({FILE!r}))}}\n"
        "    bench([found['wrong']], Plan(strategies=('tells_its_process',), timeout_s=60, workers=1))\n"
    )
    place = tmp_path / "process"
    environment = os.environ | {"PERFKIT_TEST_PROCESS": str(place)}
    with subprocess.Popen([sys.executable, str(script)], env=environment) as parent:
        for _ in range(300):
            if place.exists() and place.read_text():
                break
            time.sleep(0.1)
        parent.kill()
    worker = int(place.read_text())
    for _ in range(100):
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    raise AssertionError("the worker lived on")


def test_what_a_strategy_prints_stays_off_stdout(scenarios, capfd):
    bench([scenarios["wrong"]], Plan(strategies=("prints",), workers=1))
    out, err = capfd.readouterr()
    assert out == ""
    assert "noise on stdout" in err


def test_an_interruption_keeps_what_was_measured(scenarios):
    def interrupt(done, total):
        if done == 2:
            raise KeyboardInterrupt

    run = bench([scenarios["shop"]], Plan(workers=1), progress=interrupt)
    assert run.interrupted
    assert len(run.scenarios[0].cells) == 2
    assert run.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"strategies": ("serail",)}, UnknownNameError, "no strategy named 'serail'. Did you mean 'serial'"),
        ({"worlds": ("moon",)}, UnknownNameError, "no world named 'moon'"),
        ({"sizes": (11,)}, UnknownNameError, "no size named '11'. Did you mean '10'"),
        ({"clock": "wal"}, UnknownNameError, "no clock named 'wal'. Did you mean 'wall'"),
        ({"repeats": 0}, UsageError, "repeats must be more than 0 and finite, not 0"),
        ({"timeout_s": -1.0}, UsageError, "timeout must be more than 0"),
        ({"timeout_s": float("nan")}, UsageError, "finite, not nan"),
        ({"limit_s": float("inf")}, UsageError, "finite, not inf"),
        ({"workers": -1}, UsageError, "workers must be 0 .one per core. or more, not -1"),
    ],
)
def test_bad_plans_are_refused_before_anything_runs(scenarios, changes, error, message):
    with pytest.raises(error, match=message):
        bench([scenarios["shop"]], Plan(**changes))


def test_no_scenario_is_no_run():
    with pytest.raises(UsageError, match="no scenario"):
        bench([], Plan())
