from perfkit.report.view.places import places
from perfkit.report.view.strategies import worlds
from tests.report.sample import failing_run, sample_run


def test_each_world_size_and_group_has_its_fastest_right_answer():
    found = places(tuple(worlds(sample_run(sizes=[20, 200]).scenarios[0])))
    assert [(one.world, one.size, one.group) for one in found[:4]] == [
        ("own server", "20 leads", "aiohttp"),
        ("own server", "20 leads", "fast_bitrix24"),
        ("own server", "200 leads", "aiohttp"),
        ("own server", "200 leads", "fast_bitrix24"),
    ]
    assert (found[2].slow, found[2].best, found[2].time, found[2].factor) == (
        "41.2 s",
        "in_filter",
        "200 ms",
        "205x",
    )
    assert len(found) == 12


def test_wrong_answers_and_flaws_win_nothing():
    run = failing_run()
    kept = ("aiohttp_serial", "aiohttp_concurrent", "aiohttp_unbounded")
    scenario = run.scenarios[0]
    scenario.strategies = [info for info in scenario.strategies if info.name in kept]
    scenario.cells = [cell for cell in scenario.cells if cell.strategy in kept and cell.world == "cloud"]
    assert [(one.slow != "", one.best) for one in places(tuple(worlds(scenario)))] == [(True, ""), (True, "")]


def test_a_group_without_baseline_and_right_answer_has_no_place():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    scenario = run.scenarios[0]
    scenario.strategies = [info for info in scenario.strategies if info.name == "aiohttp_unbounded"]
    scenario.cells = [cell for cell in scenario.cells if cell.strategy == "aiohttp_unbounded"]
    assert places(tuple(worlds(scenario))) == []
