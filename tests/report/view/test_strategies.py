from perfkit.report.view.strategies import worlds
from tests.report.sample import sample_run


def panel(**counters):
    scenario = sample_run(groups=("aiohttp",), sizes=[20]).scenarios[0]
    for cell in scenario.cells:
        cell.counters |= counters
    return worlds(scenario)[0].panels[0]


def test_a_counter_that_all_share_needs_no_column():
    shown = panel(commits=20, bytes_sent=1500)
    assert {"commits 20", "sent 1.5 kB"} <= set(shown.same)
    assert not {"commits", "sent"} & set(shown.columns)
    assert len(shown.groups[0].rows[0].counters) == len(shown.columns) + 1


def test_calls_always_have_a_column():
    assert panel(request=3).columns[0] == "requests"


def test_a_counter_that_one_lacks_keeps_its_column():
    scenario = sample_run(groups=("aiohttp",), sizes=[20]).scenarios[0]
    for cell in scenario.cells[:-1]:
        cell.counters["commits"] = 4
    for cell in scenario.cells:
        if cell.strategy == "aiohttp_batched":
            cell.counters.pop("commits", None)
    assert "commits" in worlds(scenario)[0].panels[0].columns


def test_a_wrong_answer_earns_no_factor_in_any_place():
    scenario = sample_run(groups=("aiohttp",), sizes=[20]).scenarios[0]
    (rows,) = [group.rows for group in worlds(scenario)[0].panels[0].groups]
    assert {row.name: row.factor for row in rows}["aiohttp_batched"] != ""
    for cell in scenario.cells:
        cell.agrees = False if cell.strategy == "aiohttp_batched" else cell.agrees
    (group,) = worlds(scenario)[0].panels[0].groups
    assert {row.name: row.factor for row in group.rows}["aiohttp_batched"] == ""
    assert next(bar.label for bar in group.bars if "batched" in bar.name).endswith("differs")


def test_without_a_baseline_there_is_no_column_of_factors():
    scenario = sample_run(groups=("aiohttp",), sizes=[20]).scenarios[0]
    assert worlds(scenario)[0].panels[0].has_factors
    scenario.cells = [cell for cell in scenario.cells if cell.strategy == "aiohttp_batched"]
    assert not worlds(scenario)[0].panels[0].has_factors


def test_bars_of_several_samples_have_a_spread():
    repeated = sample_run(groups=("aiohttp",), sizes=[20], repeats=3).scenarios[0]
    assert worlds(repeated)[0].panels[0].spread
    assert not panel().spread
