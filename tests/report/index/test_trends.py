import pytest

from perfkit.model import Cell, Gate, Sample, StrategyInfo
from perfkit.report.index.chart import chart
from perfkit.report.index.shelf import Book, read_shelf
from perfkit.report.index.summary import summarize
from perfkit.report.index.trends import MOST_POINTS, trends
from tests.report.index.stored import run_of, store
from tests.report.sample import trace_run


@pytest.fixture
def trends_of(tmp_path):
    def made(*runs):
        return trends(read_shelf(store(tmp_path / "reports", *runs)).runs)

    return made


def told(trend):
    return [(s.strategy, s.figure, s.last, s.change, s.direction) for s in trend.series]


def test_counters_stand_before_times_and_the_fastest_before_the_baseline(trends_of):
    (shop,) = trends_of(run_of(1, revision="a" * 40), run_of(2, requests=3, ms=66, revision="b" * 40))
    assert shop.main.place == "10 orders on own server; virtual clock, seed 1"
    assert told(shop.main) == [
        ("batched", "requests", "3", "worse: was 2 in aaaaaaa (+50.0 %)", "worse"),
        ("serial", "requests", "11", "as in aaaaaaa", "same"),
        ("batched", "time", "66.0 ms", "worse: was 60.0 ms in aaaaaaa (+10.0 %)", "worse"),
        ("serial", "time", "240 ms", "as in aaaaaaa", "same"),
    ]
    assert [(s.strategy, s.figure) for s in shop.worse] == [("batched", "requests"), ("batched", "time")]
    assert shop.apart == ()


def test_better_is_told_too(trends_of):
    (shop,) = trends_of(run_of(1, ms=60), run_of(2, ms=30))
    assert told(shop.main)[2] == (
        "batched", "time", "30.0 ms", "better: was 60.0 ms in the run before (-50.0 %)", "better",
    )  # fmt: skip


def test_one_run_has_no_change(trends_of):
    (shop,) = trends_of(run_of(1))
    assert {s.change for s in shop.main.series} == {"the first run"}
    assert [chart(s) for s in shop.main.series] == [""] * 4


def test_points_are_from_old_to_new_with_their_revisions(trends_of):
    runs = [run_of(day, requests=day, revision=f"{day}" * 40, dirty=day == 2) for day in (3, 1, 2)]
    (shop,) = trends_of(*runs)
    assert [(p.value, p.label) for p in shop.main.series[0].points] == [
        (1, "1111111"),
        (2, "2222222+"),
        (3, "3333333"),
    ]


def test_a_failure_is_a_gap(trends_of):
    (shop,) = trends_of(run_of(1), run_of(2, wrong=("batched",)), run_of(3, requests=4))
    requests = shop.main.series[0]
    assert [point.value for point in requests.points] == [2, None, 4]
    assert requests.change == "worse: was 2 in the run before (+100.0 %)"
    assert chart(requests).count("M") >= 4  # two pieces of the line, two dots


def test_a_newest_run_that_failed_is_named(trends_of):
    (shop,) = trends_of(run_of(1), run_of(2, wrong=("batched",)))
    assert told(shop.main)[0] == ("batched", "requests", "failed", "", "")


def test_a_fastest_strategy_that_became_slow_stays(trends_of):
    before, after = run_of(1), run_of(2, requests=500, ms=9000)
    for run in (before, after):
        run.scenarios[0].strategies.append(StrategyInfo("concurrent"))
        run.scenarios[0].cells.append(Cell("own", "concurrent", 10, samples=[Sample(1, 80_000_000)]))
    (shop,) = trends_of(before, after)
    assert [s.strategy for s in shop.main.series if s.figure == "time"] == ["concurrent", "batched", "serial"]
    assert [s.strategy for s in shop.worse] == ["batched", "batched"]


def test_clocks_seeds_places_and_sizes_never_share_a_line(trends_of):
    other_size = run_of(4)
    other_size.scenarios[0].sizes = [20]
    for cell in other_size.scenarios[0].cells:
        cell.size = 20
    (shop,) = trends_of(run_of(1), run_of(2, clock="wall"), run_of(3, seed=7), other_size, run_of(5))
    assert shop.main.runs == 2
    assert sorted(trend.place for trend in shop.apart) == [
        "10 orders on own server; virtual clock, seed 7",
        "10 orders on own server; wall clock, seed 1",
        "20 orders on own server; virtual clock, seed 1",
    ]


def test_one_run_elsewhere_does_not_displace_the_trend(trends_of):
    (shop,) = trends_of(run_of(1), run_of(2), run_of(3, seed=9))
    assert (shop.main.runs, [trend.runs for trend in shop.apart]) == (2, [1])
    (shop,) = trends_of(run_of(1), run_of(2), run_of(3, seed=9), run_of(4, seed=9))
    assert shop.main.place.endswith("seed 9")


def test_another_title_of_the_same_world_is_the_same_place(trends_of):
    (shop,) = trends_of(run_of(1, title="server"), run_of(2, title="renamed"))
    assert shop.main.runs == 2
    assert shop.main.place.startswith("10 orders on renamed")


def test_another_perfkit_is_marked(trends_of):
    (shop,) = trends_of(run_of(1), run_of(2, perfkit="0.2.0"), run_of(3, perfkit="0.2.0"))
    assert [point.marked for point in shop.main.series[0].points] == [False, True, False]
    assert shop.main.notes == ("A dashed line is a change of perfkit itself: 0.1.0, 0.2.0.",)
    assert "stroke-dasharray" in chart(shop.main.series[0])


def test_of_wall_times_nothing_is_claimed(trends_of):
    (shop,) = trends_of(run_of(1, clock="wall"), run_of(2, clock="wall", requests=3, ms=66))
    assert told(shop.main)[0][4] == "worse"
    assert told(shop.main)[2] == (
        "batched",
        "time",
        "66.0 ms",
        "was 60.0 ms in the run before (+10.0 %)",
        "",
    )
    assert "noise" in shop.main.notes[0]
    assert [s.figure for s in shop.worse] == ["requests"]


def test_counters_that_are_0_have_no_chart(trends_of):
    (shop,) = trends_of(run_of(1), run_of(2))
    assert "queries" not in {s.figure for s in shop.main.series}


def test_a_comparison_is_no_point(trends_of):
    compared = run_of(2, requests=99)
    compared.gate = Gate("base", "head", 3)
    (shop,) = trends_of(run_of(1), compared)
    assert shop.main.runs == 1


def test_a_recorded_program_has_a_trend(trends_of):
    first, second, cut = trace_run(), trace_run(), trace_run()
    first.trace.kind[1:31] = [first.trace.kind[0]] * 30  # half of its requests are spans of another kind
    for day, run in enumerate((first, second, cut), 1):
        run.machine.created = f"2025-03-0{day}"
    cut.trace.dropped = 5
    (program,) = trends_of(first, second)
    assert program.scenario == "app/report.py"
    assert program.main.place == "as a whole; wall clock"
    assert told(program.main) == [
        ("program", "requests", "60", "worse: was 30 in the run before (+100.0 %)", "worse"),
        ("program", "time", "9.00 s", "as in the run before", "same"),
    ]
    (program,) = trends_of(first, second, cut)
    assert told(program.main)[0] == ("program", "requests", "recorded in part", "", "")


def test_only_the_newest_runs_are_drawn(tmp_path):
    books = [
        Book(f"{n}.json", 1, n, summarize(run_of(1, requests=n + 2), str(n))) for n in range(MOST_POINTS + 5)
    ]
    (shop,) = trends(books)
    assert len(shop.main.series[0].points) == MOST_POINTS
    assert shop.main.series[0].points[-1].value == 2
    assert shop.main.notes == (f"The charts show the newest {MOST_POINTS} of {MOST_POINTS + 5} runs.",)


def test_scenarios_are_in_the_order_of_their_names(trends_of):
    assert [one.scenario for one in trends_of(run_of(1, name="b"), run_of(2, name="a"))] == ["a", "b"]
