import io
import re
import sys
import xml.etree.ElementTree as ET

import pytest

from perfkit.errors import MissingExtraError
from perfkit.model import Gate, Mark, Series
from perfkit.model.tuning import Point, Tuning
from perfkit.report.drawing import canvas
from perfkit.report.drawing.overview import overview
from tests.report import gate_sample
from tests.report.sample import (
    analysis_run,
    empty_run,
    failing_run,
    hostile_run,
    sample_run,
    trace_run,
)

pytestmark = pytest.mark.once

HOSTILE = "</script><b onload=x>\"'& $\\frac{1$ \u202e 中文 _x" + "y" * 9_000


def texts(drawing):
    return [element.text for element in ET.fromstring(drawing).iter() if element.tag.endswith("}text")]


def gate_run():
    differences = [
        gate_sample.worse(),
        gate_sample.worse(metric="bytes_received", template="", before=12_000, after=2_000),
        gate_sample.worse(metric="time_ns", template="", before=None, after=1_900_000_000),
    ]
    timings = [gate_sample.SAME, gate_sample.SLOWER, gate_sample.UNDECIDED]
    gate = Gate(base="main", head="feature", compared=40, differences=differences, timings=timings)
    return gate_sample.run_of(gate)


def tuning_run():
    points = [Point({"in_flight": value}, "grid", 20, 1, 1e9 / value) for value in (1.0, 2.0)]
    tuning = Tuning(
        *("leads", "concurrent", "own", "own server", 20, "leads", 1),
        parameters={"in_flight": [1.0, 2.0]},
        defaults={"in_flight": 1.0},
        goal={"elapsed_ns": 1.0},
        limits={},
        points=points,
        chosen={"in_flight": 2.0},
    )
    return empty_run(kind="tune", tunings=[tuning])


KINDS = {
    "bench": lambda: sample_run(groups=("aiohttp",), sizes=[20, 200]),
    "failing": failing_run,
    "trace": trace_run,
    "analysis": analysis_run,
    "gate": gate_run,
    "tune": tuning_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run(HOSTILE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_run_has_a_figure_with_the_same_bytes_each_time(kind):
    import matplotlib as mpl

    run = KINDS[kind]()
    drawing = overview(run)
    ET.fromstring(drawing)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert overview(run) == drawing


def test_bars_and_calls_of_a_bench_run():
    run = sample_run(groups=("aiohttp",))
    found = texts(overview(run))
    assert found[:2] == [
        "PASS",
        "aiohttp_in_filter answers in 200 ms where aiohttp_serial takes 41.2 s: 205x, at 200 leads on own",
    ]
    assert "leads: aiohttp_in_filter 205x faster than aiohttp_serial" in found
    assert "Leads without an open activity: 200 leads on own server" in found
    order = [found.index(name) for name in ("serial", "concurrent", "chunks", "in_filter", "as_published")]
    assert order == sorted(order), "the slowest first, wrong ones last"
    assert found[found.index("in_filter") + 1] == "200 ms · 205x"
    assert found[found.index("as_published") + 1] == "16.5 s · differs"
    assert "time, logarithmic" in found
    assert found[-1].startswith("virtual clock · seed 1 · git 0123456789ab (main)")
    lanes = found[found.index("calls in time") :]
    assert [lanes[lanes.index(name) + 1] for name in ("serial", "batched")] == [
        "200 calls, 41.2 s",
        "4 calls, 821 ms",
    ]


def test_intervals_are_drawn_where_there_are_samples():
    once, often = (
        overview(sample_run(groups=("aiohttp",), repeats=count)).count(b"<path") for count in (1, 3)
    )
    assert often == once + 3 * 8


def test_a_strategy_that_failed_has_no_bar():
    found = texts(overview(failing_run()))
    assert found[found.index("batched") + 1] == "failed"
    assert found[0] == "FAIL"
    assert found[1].startswith("leads: aiohttp_batched at 20 leads on own and 5 more cells failed")


def test_of_many_strategies_the_most_unlike_are_shown():
    run = sample_run(groups=("aiohttp",))
    scenario = run.scenarios[0]
    for info in scenario.strategies:
        scenario.strategies = [*scenario.strategies, *([] if info.baseline else [_twin(info)])]
    for cell in list(scenario.cells):
        if not scenario.strategy(cell.strategy).baseline:
            scenario.cells.append(_twin_cell(cell))
    found = texts(overview(run))
    assert "8 of 15 strategies" in found
    assert "in_filter" in found
    assert "serial" in found


def _twin(info):
    from msgspec.structs import replace

    return replace(info, name=f"{info.name}_again")


def _twin_cell(cell):
    from msgspec.structs import replace

    return replace(cell, strategy=f"{cell.strategy}_again")


def test_figures_over_time_stand_beside_the_bars():
    run = sample_run(groups=("aiohttp",))
    hour = 3_600_000_000_000
    for cell in run.scenarios[0].cells:
        slow = 100 if cell.strategy.endswith("serial") else 1
        cell.series = [
            Series("queue", "calls", 0, hour, [1, 2, 3, 4]),
            Series("delay", "ns", 0, hour, [slow * 1e9, None, slow * 2e9, 0]),
        ]
    run.scenarios[0].marks = [Mark("outage", hour, 2 * hour)]
    found = texts(overview(run))
    assert "delay over time, logarithmic" in found
    assert "calls in time" not in found
    assert {"1:00", "2:00", "10 s", "aiohttp_in_filter"} <= set(found)


def test_more_scenarios_than_there_is_room_for_are_counted():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.scenarios = run.scenarios * 6
    assert texts(overview(run))[-1] == "and 2 more scenarios in the report"


def test_a_gate_shows_both_values_and_every_interval():
    found = texts(overview(gate_run()))
    assert found[0] == "FAIL"
    query = found.index("queries SELECT act WHERE lead…")
    assert found[query + 1 : query + 4] == ["1", "leads own/serial n=100", "100 · +99"]
    bytes_ = found.index("bytes received")
    assert [found[bytes_ + 1], found[bytes_ + 3]] == ["12.0 kB", "2.0 kB · -83.3 %"]
    assert "and 1 more change" in found, "what is new has no value before"
    assert "+5.2 % · regressed" in found
    assert "+0.1 % · no change" in found
    assert "test_new" not in found, "it has no ratio"
    assert found.index("test_page") < found.index("test_list")


def test_nothing_changed_and_nothing_compared_are_said():
    assert "Nothing changed" in texts(overview(gate_sample.run_of(Gate(compared=3))))
    assert "Nothing was compared" in texts(overview(gate_sample.run_of(Gate())))


def test_a_recording_shows_where_the_time_went_and_what_took_longest():
    found = texts(overview(trace_run()))
    assert found[found.index("waiting on requests") + 1] == "7.80 s · 87 %"
    assert found[found.index("GET api.test/items/{id}") + 1] == "7.80 s · 60x"


def test_findings_of_a_file_of_traces():
    found = texts(overview(analysis_run(findings=12)))
    assert found[found.index("PK101 GET /orders > load") + 1] == "90.0 s · 20,000x, saves 80.0 s"
    assert "and 4 more rows" in found


def test_hostile_names_are_texts_and_short():
    drawing = overview(hostile_run(HOSTILE)).decode()
    assert len(drawing) < 200_000
    assert not re.search("<b |<script|\u202e", drawing)
    assert any(text.startswith("</script><b onload=x>\"'& $\\frac{1$ \\u202e") for text in texts(drawing))


def test_an_svg_shown_alone_is_labelled_and_follows_the_dark():
    drawing = overview(KINDS["bench"]()).decode()
    root = ET.fromstring(drawing)
    assert root.get("role") == "img"
    assert root[0].text.startswith("PASS: aiohttp_in_filter answers")
    assert "prefers-color-scheme:dark" in root[1].text
    light = set(re.findall(r"(?:fill|stroke): (#\w+)", drawing))
    assert {canvas.PAPER, canvas.INK, canvas.RULE} <= light
    assert all(f"fill: {colour}" in root[1].text for colour in (canvas.PAPER, canvas.INK, canvas.RULE))
    assert not re.search(r"<dc:date|https?://(?!www\.w3\.org|purl\.org|creativecommons)", drawing)
    assert "matplotlib" not in drawing.replace("Created with matplotlib", "")


@pytest.mark.parametrize("kind", ["bench", "gate", "empty", "hostile"])
def test_a_png_is_a_slide(kind):
    from PIL import Image

    data = overview(KINDS[kind](), kind="png")
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (1920, 1080)
    assert "Software" not in picture.info
    assert picture.getpixel((2, 2))[:3] == (255, 255, 255)


def test_the_same_png_twice():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    assert overview(run, kind="png") == overview(run, kind="png")


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"the main figure needs matplotlib.*perfkit\[report\]"):
        overview(empty_run())


def test_drawing_changes_no_run():
    from perfkit.model.storage import encode_run

    run = KINDS["bench"]()
    before = encode_run(run)
    overview(run)
    assert encode_run(run) == before


def test_texts_are_cut_to_their_width():
    assert canvas.fits("short", 100, 10) == "short"
    cut = canvas.fits("a name that is too long", 60, 10)
    assert cut.endswith("…")
    assert canvas.width_of(cut, 10) <= 60 < canvas.width_of(cut.replace("…", "xx…"), 10)
    assert canvas.fits("", 0, 10) == ""
    assert canvas.wrapped("one two three four five", 60, 10, 2)[0] == "one two"
    assert len(canvas.wrapped("word " * 99, 60, 10, 2)) == 2
