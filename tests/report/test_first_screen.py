"""The five answers stand in the first screen: of a real change, of timed benchmarks, of a whole bench run."""

import copy

import pytest

from perfkit.bench.compare import against
from perfkit.model import Gate, Outcome, Timing, Verdict
from perfkit.report.formats.html import render_html
from tests.browser import needs_browser, running_browser
from tests.report.change import runs
from tests.report.gate_sample import SAME, run_of, worse
from tests.report.sample import sample_run

pytestmark = pytest.mark.once

DESKTOP, PHONE = (1280, 800), (390, 844)
FIVE = ("worse", "how-much", "how-sure", "where", "what-to-do")
BOXES = """Object.fromEntries([...document.querySelectorAll('.verdict h1, .answers > div, .provenance')]
  .map(e => [e.tagName === 'H1' ? 'verdict' : e.className, [e, e.getBoundingClientRect()]])
  .map(([name, [e, box]]) => [name, {text: e.innerText, top: box.top, bottom: box.bottom,
                                     left: box.left, right: box.right}]))"""
SLOWER = Timing(
    "benchmarks/test_views.py::test_page",
    Verdict.REGRESSED,
    ratio=1.302,
    low=1.281,
    high=1.317,
    pairs=8,
    base_ns=1_200_000,
    head_ns=1_562_400,
    noise=0.006,
    detectable=0.019,
    method="fork",
)


@pytest.fixture(scope="module")
def browser():
    with running_browser() as run:
        yield run


@pytest.fixture(scope="module")
def change(tmp_path_factory):
    """A run with an N+1 and a 30 % slowdown that its base has not."""
    folder = tmp_path_factory.mktemp("change")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        base, head = runs(folder)
    return against(head, base, base_name="base.json", head_name="head.json")


@pytest.fixture
def boxes(browser, tmp_path):
    """``boxes(run, size)``: text and place of the first screen's parts that lie inside of it."""

    def inside(run, size):
        file, found = tmp_path / "report.html", {}
        file.write_text(render_html(run), encoding="utf-8")

        async def look(page):
            await page.width(*size)
            await page.open(file.as_uri())
            found.update(await page.evaluate(BOXES))

        browser(look)
        width, height = size
        return {
            name: box["text"]
            for name, box in found.items()
            if box["top"] >= 0 and box["bottom"] <= height and box["left"] >= 0 and box["right"] <= width
        }

    return inside


@needs_browser
def test_a_real_change_is_answered_in_the_first_screen(boxes, change):
    assert change.outcome is Outcome.FAIL
    seen = boxes(change, DESKTOP)
    assert {*FIVE, "verdict", "provenance"} <= set(seen)
    assert "FAIL" in seen["verdict"]
    assert "queries +100" in seen["verdict"]
    assert "Yes: " in seen["worse"]
    for figure in ("queries 1 → 101 (+100, O(1) → O(n))", "shop export n=100: virtual time", "+30.0 %"):
        assert figure in seen["how-much"]
    assert "Exact" in seen["how-sure"]
    assert "head/shop.py:33 in named" in seen["where"]
    assert "SELECT client FROM orders WHERE id = ?" in seen["where"]
    assert "WHERE id IN (?, ...)" in seen["what-to-do"]
    assert "Predicted saving 495 ms (1 query instead of 100" in seen["what-to-do"]
    assert "perfkit explain PK101" in seen["what-to-do"]
    assert "base base.json, head head.json" in seen["provenance"]


@needs_browser
def test_on_a_phone_the_verdict_and_the_first_answers_are_in_view(boxes, change):
    assert {"verdict", "worse", "how-much"} <= set(boxes(change, PHONE))


@needs_browser
def test_times_and_counters_of_a_gate_are_answered_in_the_first_screen(boxes):
    says = "+99 SELECT act; if it is meant: perfkit gate --update leads --reason WHY"
    run = run_of(Gate(base="main (01234567)", head="work tree", differences=[worse(says=says)]))
    run.gate.compared, run.gate.timings = 312, [SLOWER, SAME]
    seen = boxes(run, DESKTOP)
    assert {*FIVE, "verdict", "provenance"} <= set(seen)
    assert "queries 1 → 100 (+99)" in seen["how-much"]
    assert "test_page: time 1.20 ms → 1.56 ms (+30.2 %)" in seen["how-much"]
    assert "99 % interval +28.1 to +31.7 %, 8 pairs; this run finds slowdowns from 1.9 %" in seen["how-sure"]
    assert "app/views.py:41 in page" in seen["where"]
    assert "perfkit gate --update leads --reason WHY" in seen["what-to-do"]
    assert {"verdict", "worse", "how-much"} <= set(boxes(run, PHONE))


@needs_browser
def test_a_run_of_four_scenarios_fits_with_its_provenance(boxes):
    run = sample_run(groups=("aiohttp",), sizes=[20, 200])
    for name in ("orders", "stock", "calls"):
        more = copy.deepcopy(run.scenarios[0])
        more.name = name
        run.scenarios.append(more)
    seen = boxes(run, DESKTOP)
    assert {"verdict", "how-sure", "what-to-do", "provenance"} <= set(seen)
