from perfkit.model import Cell, Sample, ScenarioResult, StrategyInfo, WorldInfo
from perfkit.report.drawing.fixes import fix_waterfall
from perfkit.report.view import fixes

SECOND = 1_000_000_000


def cell(name, seconds, queries=1, **more):
    return Cell(
        "w", name, 20, samples=[Sample(1, round(seconds * SECOND))], counters={"query": queries}, **more
    )


def scenario(*strategies, cells, sizes=(20,)):
    return ScenarioResult(
        "page",
        "Page",
        "",
        "page.py",
        "jobs",
        list(sizes),
        [WorldInfo("w", "the world")],
        list(strategies),
        cells,
    )


PAGE = scenario(
    StrategyInfo("slow", baseline=True),
    StrategyInfo("a", title="first", builds_on="slow"),
    StrategyInfo("b", builds_on="slow"),
    StrategyInfo("ab", builds_on="a"),
    cells=[cell("slow", 10, 120), cell("a", 6, 20), cell("b", 9), cell("ab", 1)],
)


def test_the_longest_line_of_fixes_is_the_waterfall():
    assert fixes.chain_of(PAGE) == ["a", "ab"]
    (found,) = fixes.of_scenario(PAGE)
    assert [row.name for row in found.chain] == ["a", "ab"]
    assert [row.name for row in found.rows] == ["a", "ab", "b"]


def test_each_fix_stands_beside_what_it_builds_on():
    (found,) = fixes.of_scenario(PAGE)
    first, second, alone = found.rows
    assert (first.on, first.before, first.after, first.saves, first.calls) == (
        "slow", "10.0 s", "6.00 s", "4.00 s", "120 to 20",
    )  # fmt: skip
    assert (second.on, second.saves) == ("a", "5.00 s")
    assert (alone.on, alone.saves, alone.in_chain) == ("slow", "1.00 s", False)


def test_a_fix_that_costs_time_says_so():
    worse = scenario(
        StrategyInfo("slow", baseline=True),
        StrategyInfo("a", builds_on="slow"),
        cells=[cell("slow", 1), cell("a", 3)],
    )
    (found,) = fixes.of_scenario(worse)
    assert found.rows[0].saves == "2.00 s lost"
    assert "#d5561f" in fix_waterfall(found, "label")


def test_what_was_not_measured_or_is_wrong_is_no_fix():
    partly = scenario(
        StrategyInfo("slow", baseline=True),
        StrategyInfo("a", builds_on="slow"),
        StrategyInfo("b", builds_on="slow"),
        StrategyInfo("c", builds_on="gone"),
        cells=[cell("slow", 1), cell("a", 0.5, agrees=False), cell("c", 0.5)],
    )
    assert fixes.of_scenario(partly) == []


def test_strategies_that_build_on_each_other_end_the_line():
    circle = scenario(
        StrategyInfo("a", builds_on="b"), StrategyInfo("b", builds_on="a"), cells=[cell("a", 1), cell("b", 1)]
    )
    assert len(fixes.chain_of(circle)) == 2


def test_the_waterfall_draws_a_bar_for_each_step_and_what_is_left():
    (found,) = fixes.of_scenario(PAGE)
    drawn = fix_waterfall(found, "what each fix saves")
    assert 'aria-label="what each fix saves"' in drawn
    # the first step spans from 6 to 10 s of 10, the second from 1 to 6; 1 s is left
    assert 'd="m6000 24.5h4000m-9000 36h5000"' in drawn
    assert 'd="m0 96.5h1000"' in drawn


def test_names_are_escaped():
    hostile = scenario(
        StrategyInfo("slow", baseline=True),
        StrategyInfo("<script>", builds_on="slow"),
        cells=[cell("slow", 2), cell("<script>", 1)],
    )
    (found,) = fixes.of_scenario(hostile)
    assert "<script>" not in fix_waterfall(found, "label")
