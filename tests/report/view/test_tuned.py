import pytest

from perfkit.bench.tuning.explain import explain
from perfkit.model import CellCost, Knee, Point, Step, Tuning
from perfkit.report import render
from perfkit.report.drawing.heatmap import heat_map, plane_of, write_heat_maps
from perfkit.report.view.headline import headlines
from perfkit.report.view.page import page
from perfkit.report.view.tuned import tuned
from tests.report.sample import empty_run

S = 1_000_000_000


def point(batch, in_flight, window_s, goal_s, **changes):
    parameters = {"batch": batch, "in_flight": in_flight, "window_s": window_s}
    figures = {"card_p50_ns": goal_s * S, "elapsed_ns": 9 * S, "peak_in_flight": in_flight, "request": 1000}
    return Point(parameters, *("grid", 1500, 1), **({"goal": goal_s * S, "figures": figures} | changes))


def tuning(**changes):
    points = [
        point(batch, in_flight, window_s, window_s + batch / 10 + 10 / in_flight)
        for batch in (1, 50)
        for in_flight in (5, 10)
        for window_s in (1, 10)
    ]
    points.append(point(1, 20, 1, 1.6, broken=["status_503 is 312, 0 at most"]))
    points.append(point(50, 20, 1, 0, goal=None, figures={}, broken=["failed: ValueError: <b>too many</b>"]))
    fields = {
        "parameters": {"batch": [1, 50], "in_flight": [5, 10, 20], "window_s": [1, 10]},
        "defaults": {"batch": 50, "in_flight": 5, "window_s": 10},
        "goal": {"card_p50_ns": 1.0},
        "limits": {"status_503": 0},
        "points": points,
        "baseline": "one_by_one",
        "baseline_points": [Point({}, "baseline", 1500, 1, 410.0 * S)],
        "chosen": points[2].parameters,
        "steps": [Step("batch", 50, points[6].goal, 2.33)],
        "knee": Knee("in_flight", "command", "offered", 2.9, 2e9, 10, 10),
        "warnings": ["18 of 20 combinations of the declared values were measured"],
    }
    made = Tuning(*("calls", "parallel <1>", "own", "own server", 1500, "calls", 1), **(fields | changes))
    made.sentences = explain(made)
    return made


def run(**changes):
    return empty_run(kind="tune", tunings=[tuning(**changes)])


def test_the_headline_is_the_choice_and_what_it_is_worth():
    (headline,) = headlines(run())
    assert headline.effect == (
        "parallel <1> does best with batch 1, in_flight 10, window_s 1: card p50 2.1 s, 8.0x less than as "
        "declared (17 s), at 1,500 calls on own server."
    )
    assert "2.9 commands/s x 2 s = 5.8 in flight at the busiest, so in_flight 6 or more" in headline.cause
    (nothing,) = headlines(run(chosen=None))
    assert nothing.gain == "no setting found"


def test_the_table_has_what_is_beside_the_choice():
    view = tuned(run(), tuning())
    rows = {row.name: (row.role, row.goal, row.factor) for row in view.rows}
    assert rows["chosen"] == ("chosen", "2.1 s", "")
    assert rows["as declared"] == ("declared", "17 s", "8.1x")
    assert rows["one_by_one"] == ("baseline", "410 s", "195x")
    assert rows["batch 50"] == ("step", "7 s", "3.33x")
    assert view.columns == ("requests", "in flight")


def test_the_text_report():
    text = render(run(), "text").decode()
    assert "PASS: a setting that keeps the limits was found" in text
    assert "batch 1, in_flight 10, window_s 1: card_p50_ns 2.1 s, the least of 10 settings." in text
    assert "A limit is broken from in_flight 20 up: status_503 is 312, 0 at most." in text
    assert "note: 18 of 20 combinations" in text
    assert render(run(), "text") == render(run(), "text")


def test_the_page_has_the_map_and_escapes_what_is_foreign():
    page = render(run(), "html").decode()
    assert "parallel &lt;1&gt;" in page
    assert "<b>too many" not in page
    assert 'aria-label="Goal of each setting' in page
    assert "currentColor" in page
    assert render(run(), "html").decode() == page


def test_what_is_bound_by_the_processor_is_a_lower_bound():
    costs = [CellCost("calls", "own", "parallel <1>", 1500, 8 * S, 9 * S)]
    bound = run()
    bound.machine.costs = costs
    assert "CPU-bound, 9.00 s is a lower bound only" in render(bound, "text").decode()
    assert "CPU-bound" not in render(run(), "text").decode()


def test_what_is_in_flight_lies_across():
    plane = plane_of(tuning())
    assert (plane.across, plane.down, plane.panel) == ("in_flight", "batch", "window_s")
    assert plane_of(tuning(knee=None)).across == "batch"


def test_the_map_shows_goals_limits_and_the_choice():
    drawing = heat_map(tuning()).decode()
    for label in ("2.1 s", "fails", "window_s 10", "in_flight"):
        assert f">{label}<" in drawing
    assert drawing.count("url(#h") == 2  # hatched: one breaks a limit, one failed
    assert heat_map(tuning()).decode() == drawing
    assert heat_map(tuning(), kind="png").startswith(b"\x89PNG")


@pytest.mark.parametrize("names", [("in_flight",), ("in_flight", "batch")])
def test_maps_of_one_and_of_two_parameters(names):
    made = tuning()
    kept = {name: made.parameters[name] for name in names}
    points = [p for p in made.points if all(p.parameters[n] == 1 for n in made.parameters if n not in names)]
    points = [Point({n: p.parameters[n] for n in names}, "grid", 1500, 1, p.goal, p.figures) for p in points]
    drawing = heat_map(tuning(parameters=kept, points=points, chosen=points[0].parameters)).decode()
    assert ">in_flight<" in drawing
    assert ">window_s" not in drawing


def test_pictures_beside_the_run(tmp_path):
    written = write_heat_maps([tuning(), tuning(points=[])], tmp_path / "run.json.gz")
    assert [path.name for path in written] == ["run.heatmap-parallel__1_.svg", "run.heatmap-parallel__1_.png"]


def test_a_run_without_a_setting_fails_and_says_why():
    broken = [point(1, 5, 1, 9, broken=["status_503 is 9, 0 at most"])]
    failing = run(chosen=None, knee=None, points=broken, steps=[])
    assert failing.outcome.name == "FAIL"
    text = " ".join(render(failing, "text").decode().split())
    assert "keeps the limits (1 measured); most often: status_503 is 9, 0 at most" in text
    assert b"<svg" in render(failing, "html")


def test_what_to_do_is_the_setting_to_take():
    found = page(run()).answers
    assert found.what_to_do.startswith(
        "Set batch 1, in_flight 10, window_s 1 in calls.parallel <1> (declared: "
    )
    both = page(empty_run(kind="tune", tunings=[tuning(), tuning(chosen=tuning().defaults)])).answers
    assert both.worse == both.where == ""
    assert both.what_to_do.endswith("Keep calls.parallel <1> as declared.")
