import pytest

from perfkit.bench.tuning.judging import best, is_candidate, judge
from perfkit.bench.tuning.search import ranked
from perfkit.model import Cell, Point, Sample


def cell(**changes):
    fields = {"samples": [Sample(1, 2_000_000_000)], "counters": {"request": 7}, "peak_in_flight": 3}
    return Cell("own", "parallel", 10, **(fields | changes))


def judged(measured, goal="elapsed_ns", **limits):
    goals = {goal: 1.0} if isinstance(goal, str) else goal
    return judge(measured, parameters={"limit": 3}, stage="grid", seed=1, goal=goals, limits=limits)


def test_a_point_has_its_goal_and_its_figures():
    point = judged(cell(figures={"card_ns": 5.0}), status_503=0)
    assert point.goal == 2e9
    assert point.figures == {"elapsed_ns": 2e9, "request": 7, "peak_in_flight": 3, "card_ns": 5.0}
    assert is_candidate(point)


def test_goals_are_added_up_with_their_weights():
    assert judged(cell(figures={"a_ns": 5.0, "b_ns": 3.0}), {"a_ns": 1.0, "b_ns": 0.5}).goal == 6.5
    assert judged(cell(), {"status_503": 1.0, "request": 2.0}).goal == 14  # what was not counted is 0


@pytest.mark.parametrize(
    ("measured", "goal", "limits", "reason"),
    [
        (cell(counters={"status_503": 12}), "elapsed_ns", {"status_503": 0}, "status_503 is 12, 0 at most"),
        (cell(figures={"x_ns": 3e9}), "x_ns", {"x_ns": 2e9}, "x_ns is 3 s, 2 s at most"),
        (cell(status="failed", error="ValueError: no"), "elapsed_ns", {}, "failed: ValueError: no"),
        (cell(agrees=False), "elapsed_ns", {}, "another answer than the baseline's (PK501)"),
        (cell(), "late_ns", {}, "it measures no figure 'late_ns'"),
    ],
)
def test_what_is_no_candidate(measured, goal, limits, reason):
    point = judged(measured, goal, **limits)
    assert point.broken == [reason]
    assert not is_candidate(point)


def point(goal, limit, peak, requests=10, broken=()):
    return Point(
        {"limit": limit}, "grid", 1, 1, goal, {"peak_in_flight": peak, "request": requests}, list(broken)
    )


def test_the_gentlest_of_those_as_good_is_the_best():
    points = [
        point(100.0, 20, 20),
        point(100.9, 10, 10),
        point(102.0, 5, 5),
        point(50.0, 1, 1, broken=["no"]),
    ]
    assert best(points) is points[1]
    assert ranked(points) == [points[1], points[0], points[2]]
    assert best([point(100, 2, 5, requests=9), point(100, 1, 5, requests=10)]).parameters == {"limit": 2}
    assert best([point(100, 9, 5), point(100, 7, 5)]).parameters == {"limit": 7}
    assert best([points[3]]) is None
