import pytest

from perfkit.model import CellCost, Span, Trace, WorldInfo
from perfkit.report import bound_by
from perfkit.report.bound_by import BoundBy
from tests.report.sample import MS, sample_run


@pytest.mark.parametrize(
    ("waiting", "computing", "percent"), [(999, 1, 99), (1, 999, 0), (0, 0, 0), (5, 0, 100)]
)
def test_the_share_is_rounded_down(waiting, computing, percent):
    assert BoundBy(waiting, computing, "").percent == percent


def test_from_ninety_per_cent_on_compiling_will_not_help():
    assert (
        BoundBy(90, 10, "").sentence == "90 % waiting on the network: compiling (numba, cython) will not help"
    )
    assert BoundBy(899, 101, "").sentence.startswith("11 % computing, 89 % waiting on the network")


def test_a_scenario_is_judged_by_its_baseline_at_the_largest_size():
    run = sample_run()
    found = bound_by.of_scenario(run, run.scenarios[0])
    cell = run.scenarios[0].cell("own", "aiohttp_serial", 2000)
    assert (found.waiting_ns, found.computing_ns) == (cell.waiting_ns, 2000 * 310_000)
    assert found.numbers == "406 s waiting, 620 ms computing, aiohttp_serial at 2,000 leads on own server"


def test_a_size_without_samples_is_passed_over():
    run = sample_run()
    for cell in run.scenarios[0].cells:
        if cell.size == 2000:
            cell.samples = []
    assert "at 200 leads" in bound_by.of_scenario(run, run.scenarios[0]).place


def test_without_costs_nothing_is_claimed():
    run = sample_run()
    run.machine.costs = []
    assert bound_by.of_scenario(run, run.scenarios[0]) is None


def test_queries_without_requests_mean_the_database():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    cell = run.scenarios[0].cell("own", "aiohttp_serial", 20)
    cell.counters = {"query": 20}
    run.scenarios[0].worlds = [WorldInfo("own", "own")]
    run.machine.costs = [CellCost("leads", "own", "aiohttp_serial", 20, 1, 1)]
    assert "waiting on the database" in bound_by.of_scenario(run, run.scenarios[0]).sentence


def test_of_a_recording_everything_else_counts_as_computing():
    trace = Trace("wall", 0, 100 * MS, [Span(1, None, "request", "a", 0, 95 * MS)])
    found = bound_by.of_trace(trace)
    assert (found.percent, found.computing_ns) == (95, 5 * MS)
    assert bound_by.of_trace(Trace("wall", 0, 100 * MS)) is None
