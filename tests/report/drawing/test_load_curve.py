import xml.etree.ElementTree as ET

from perfkit.model import Knee
from perfkit.report.drawing.load_curve import load_curve as draw
from perfkit.report.view.load import load_curve
from tests.report.view.test_tuned import point, tuning


def texts(shown):
    return [text.text for text in ET.fromstring(draw(shown)).iter("text")]


def test_goal_and_throughput_against_what_is_in_flight():
    shown = load_curve(tuning())
    assert [x for x, _ in shown.goals] == [5, 10, 20]
    assert [goal / 1e9 for _, goal in shown.goals] == [3.1, 2.1, 1.6]
    assert {rate for _, rate in shown.rates} == {1500 / 9}
    assert (shown.broken, shown.needed, shown.others) == ((20,), 5.8, "batch 1, window_s 1")
    assert shown.caption == "the knee by Little's law is at in_flight 5.8; the measured curve is flat from 10"


def test_the_knee_and_what_breaks_a_limit_are_said_in_words():
    found = texts(load_curve(tuning()))
    assert found.count("knee 5.8") == found.count("breaks a limit") == 2
    assert {"card p50", "throughput, calls/s", "in_flight", "5", "10", "20", "3 s", "150"} <= set(found)


def test_without_elapsed_times_there_is_no_throughput():
    points = [point(1, n, 1, 9 / n, figures={"card_p50_ns": 1}) for n in (1, 2, 40)]
    made = tuning(
        points=points, chosen=points[1].parameters, knee=Knee("in_flight", "query", "served", 0, 0, 40)
    )
    shown = load_curve(made)
    assert shown.rates == ()
    assert shown.caption.endswith("the measured curve still falls up to 40")
    assert not [text for text in texts(shown) if "knee" in text or "throughput" in text]


def test_no_knee_no_choice_or_one_value_give_no_curve():
    assert load_curve(tuning(knee=None)) is None
    assert load_curve(tuning(chosen=None)) is None
    only = tuning().points[2]
    assert load_curve(tuning(points=[only])) is None


def test_a_goal_without_time_and_hostile_names():
    points = [point(1, n, 1, n, goal=float(n)) for n in (1, 2)]
    made = tuning(points=points, chosen=points[0].parameters, goal={"<b>lost": 1.0})
    made.unit = "</svg>\u202e"
    shown = load_curve(made)
    assert not shown.in_time
    found = texts(shown)
    assert "<b>lost" in found
    assert "throughput, </svg>\\u202e/s" in found
