import pytest

from perfkit.model import CellCost, Span, Trace, WorldInfo, pack
from perfkit.report.view import bound_by
from perfkit.report.view.bound_by import BoundBy
from tests.report.sample import MS, empty_run, sample_run


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


def test_a_scenario_is_judged_by_the_cell_that_its_headline_is_about():
    run = sample_run()
    found = bound_by.of_scenario(run, run.scenarios[0])
    cell = run.scenarios[0].cell("own", "aiohttp_serial", 200)
    assert (found.waiting_ns, found.computing_ns) == (cell.waiting_ns, 200 * 310_000)
    assert found.numbers == "40.6 s waiting, 62.0 ms computing, aiohttp_serial at 200 leads on own server"


def test_where_that_has_no_figures_the_largest_size_that_has_some_is_taken():
    run = sample_run()
    run.machine.costs = [cost for cost in run.machine.costs if cost.size != 200]
    assert "at 2,000 leads" in bound_by.of_scenario(run, run.scenarios[0]).place
    for cell in run.scenarios[0].cells:
        if cell.size == 2000:
            cell.samples = []
    assert "at 20 leads" in bound_by.of_scenario(run, run.scenarios[0]).place


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


def program_run(computing_ns, *spans):
    run = empty_run(kind="trace", clock="wall")
    run.trace = pack(Trace("wall", 0, 100 * MS, list(spans)))
    run.machine.costs = [CellCost("", "", bound_by.PROGRAM, 0, computing_ns, 100 * MS)]
    return run


REQUEST = Span(1, None, "request", "a", 0, 20 * MS)


def test_of_a_recording_what_is_neither_is_other_waiting():
    found = bound_by.of_trace(program_run(MS, REQUEST))
    assert (found.waiting_ns, found.computing_ns, found.other_ns) == (20 * MS, MS, 79 * MS)
    assert found.sentence == (
        "1 % computing, 20 % waiting on the network, 79 % other waiting (sleep, disk, a busy machine, "
        "other libraries): compiling (numba, cython) will not help"
    )
    assert found.numbers.startswith("20.0 ms waiting, 1.00 ms computing, 79.0 ms other waiting, processor")


def test_of_a_recording_that_computes_computing_less_helps():
    found = bound_by.of_trace(program_run(80 * MS, REQUEST))
    assert found.other_ns == 0
    assert found.sentence == "80 % computing, 20 % waiting on the network: computing less saves time too"


def test_waiting_and_computing_at_once_are_shares_of_their_sum():
    whole = Span(1, None, "query", "a", 0, 100 * MS)
    found = bound_by.of_trace(program_run(300 * MS, whole))
    assert (found.computing_percent, found.percent, found.other_ns) == (75, 25, 0)
    assert "waiting on the database" in found.sentence


def test_of_a_recording_nothing_is_claimed_without_the_figures():
    assert bound_by.of_trace(program_run(MS)) is None
    run = program_run(MS, REQUEST)
    run.machine.costs = []
    assert bound_by.of_trace(run) is None


def test_what_a_query_computes_is_no_waiting():
    query = Span(1, None, "query", "a", 0, 50 * MS, cpu_ns=45 * MS)
    found = bound_by.of_trace(program_run(45 * MS, query))
    assert (found.waiting_ns, found.resource) == (5 * MS, "the database")


def test_virtual_time_that_computing_exceeds_is_called_a_lower_bound():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.machine.costs.clear()
    cell = run.scenarios[0].cells[0]
    elapsed_ns = cell.elapsed_ns
    just = CellCost("leads", cell.world, cell.strategy, 20, elapsed_ns // 2, 0)
    run.machine.costs.append(just)
    assert bound_by.lower_bounds(run, run.scenarios[0]) == []
    run.machine.costs[0] = CellCost("leads", cell.world, cell.strategy, 20, elapsed_ns // 2 + 1, 0)
    (sentence,) = bound_by.lower_bounds(run, run.scenarios[0])
    assert "CPU-bound" in sentence
    assert "lower bound only" in sentence
    assert cell.strategy in sentence
    run.clock = "wall"
    assert bound_by.lower_bounds(run, run.scenarios[0]) == []
