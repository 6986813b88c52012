"""A gate in every format: the same verdict, the same order, and nothing that stops the change left out."""

import json
import re
from xml.etree import ElementTree as ET

import pytest

from perfkit.model import Change, Gate, Outcome, Timing, Verdict
from perfkit.report import FORMATS, render
from perfkit.report.view.gate import headline, view
from perfkit.report.view.page import page
from tests.report.gate_sample import (
    FASTER,
    SAME,
    SAYS,
    SLOWER,
    UNDECIDED,
    failing_gate,
    hostile_gate,
    run_of,
    worse,
)

HOSTILE = '](http://x.test) | `b` \x00\x1b[31m\ud800 \u202e" % \\ <b>\n::error::x @you\n# y {{ 1 }}'


def said(gate):
    return headline(gate, run_of(gate).outcome)


@pytest.mark.parametrize(
    ("gate", "sentence"),
    [
        (Gate(differences=[worse(), worse(size=10)]), "2 lines of leads got worse"),
        (
            Gate(differences=[worse(), worse(baseline="orders", change=Change.NEW)]),
            "1 line of leads got worse; 1 line of orders is new",
        ),
        (Gate(differences=[worse(change=Change.UNSEEN)]), "1 line of leads is not seen at all"),
        (
            Gate(differences=[worse(change=Change.VANISHED, baseline=name) for name in "abcd"]),
            "4 lines of a, b, c and others are gone",
        ),
        (Gate(timings=[SLOWER, SAME]), f"1 of 2 benchmarks got slower, {SLOWER.name} by +5.2 %"),
        (Gate(compared=312), "312 lines of baselines hold"),
        (Gate(compared=1), "1 line of baselines holds"),
        (Gate(timings=[SAME]), "1 benchmark, no change; smallest detectable slowdown 1.6 %"),
        (Gate(timings=[SAME, FASTER]), "2 benchmarks, 1 got faster; smallest detectable slowdown 2.0 %"),
        (Gate(timings=[Timing("a", Verdict.NO_CHANGE)]), "1 benchmark, no change"),
        (Gate(timings=[SAME, UNDECIDED]), "1 of 2 benchmarks could not be decided"),
        (Gate(differences=[worse(change=Change.MISSING)]), "1 line of leads is not compared"),
        (Gate(problems=["the base does not build"]), "the base does not build"),
        (Gate(), "nothing was compared"),
        (Gate(compared=3, strict=False), "3 figures, no change"),
        (
            Gate(compared=3, differences=[worse(change=Change.BETTER)], strict=False),
            "3 figures, 1 got better",
        ),
        (Gate(compared=3, differences=[worse()], strict=False), "1 figure of leads got worse"),
    ],
)
def test_the_headline_is_what_the_verdict_rests_on(gate, sentence):
    assert said(gate) == sentence


def test_an_interrupted_gate_says_so():
    assert (
        headline(Gate(compared=3), run_of(Gate(compared=3), interrupted=True).outcome)
        == "interrupted before the end"
    )


def test_what_stops_the_change_stands_first():
    shown = page(failing_gate()).gate
    assert [row.change for row in shown.differences] == ["worse", "better", "worse", "inputs"]
    assert [row.stops for row in shown.differences] == [True, True, True, False]
    assert [row.verdict for row in shown.timings] == ["regressed", "inconclusive", "improved", "no change"]


def test_a_difference_says_what_it_was_given_and_is_spelled_out_otherwise():
    def shown(**changes):
        return view(Gate(differences=[worse(**changes)]), Outcome.FAIL).differences[0].says

    assert shown() == SAYS
    assert shown(says="") == "worse query SELECT act WHERE lead = ?: 1 -> 100: O(1) -> O(n)"


def test_figures_of_a_benchmark():
    row = view(Gate(timings=[SLOWER]), Outcome.FAIL).timings[0]
    assert (row.base, row.head, row.ratio, row.interval) == (
        "1.20 ms",
        "1.26 ms",
        "+5.2 %",
        "+3.1 % to +8.0 %",
    )
    assert (row.pairs, row.noise, row.detectable, row.instructions) == ("8", "0.6 %", "1.9 %", "+5.00 %")
    assert row.figures == (
        "1.20 ms -> 1.26 ms",
        "interval +3.1 % to +8.0 %",
        "8 pairs of processes",
        "noise 0.6 %",
        "finds slowdowns from 1.9 %",
        "instructions +5.00 %",
    )
    empty = view(Gate(timings=[UNDECIDED]), Outcome.INCONCLUSIVE).timings[0]
    assert empty.figures == ("base has no such benchmark",)


def test_a_large_ratio_is_a_factor():
    timing = Timing("a", Verdict.REGRESSED, ratio=25.2)
    assert view(Gate(timings=[timing]), Outcome.FAIL).timings[0].ratio == "x25"


def test_github_has_an_annotation_at_each_line():
    lines = render(failing_gate(), "github").decode().splitlines()
    assert lines[0] == (
        "::error file=app/views.py,line=41,endLine=41,title=perfkit gate%3A worse query::"
        f"{SAYS}%0Aleads own/serial n=100"
    )
    assert [line.partition(" ")[0] for line in lines[:-1]] == ["::error"] * 4 + ["::warning"] * 3
    assert lines[-1].startswith("perfkit: FAIL: 2 lines of leads got worse")


def test_github_shows_ten_and_says_how_many_more():
    gate = Gate(differences=[worse(size=size) for size in range(1, 31)])
    lines = render(run_of(gate), "github").decode().splitlines()
    assert len(lines) == 12
    assert lines[10] == "::notice title=perfkit gate::20 more differences not shown here; the report has all."
    assert lines[11] == "perfkit: FAIL: 30 lines of leads got worse"


def test_github_of_a_pass_has_no_annotation():
    assert render(run_of(Gate(timings=[SAME])), "github").decode() == (
        "perfkit: PASS: 1 benchmark, no change; smallest detectable slowdown 1.6 %\n"
    )


def test_junit_has_a_case_for_each_entry_and_benchmark():
    root = ET.fromstring(render(failing_gate(), "junit"))
    cases = {
        (case.get("classname"), case.get("name")): [child.tag for child in case]
        for case in root.iter("testcase")
    }
    assert cases == {
        ("perfkit.gate.leads", "own/serial"): ["failure"],
        ("perfkit.gate.orders", "own/serial"): ["failure"],
        ("perfkit.gate.times", SLOWER.name): ["failure"],
        ("perfkit.gate.stock", "own/serial"): ["skipped"],
        ("perfkit.gate.times", UNDECIDED.name): ["skipped"],
        ("perfkit.gate", "all compared"): ["skipped"],
        ("perfkit.gate.times", FASTER.name): [],
        ("perfkit.gate.times", SAME.name): [],
    }
    assert root.get("failures") == "3"
    failure = root.find(".//failure")
    assert failure.get("message") == SAYS
    assert failure.get("type") == "gate-worse"


@pytest.mark.parametrize(
    ("gate", "tags"),
    [(Gate(compared=3), [[]]), (Gate(), [["skipped"]]), (Gate(timings=[SAME]), [[]])],
)
def test_junit_is_never_empty(gate, tags):
    root = ET.fromstring(render(run_of(gate), "junit"))
    assert [[child.tag for child in case] for case in root.iter("testcase")] == tags


def test_sarif_has_an_alert_for_each_difference():
    run = json.loads(render(failing_gate(), "sarif"))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [r["ruleId"] for r in run["results"]]
    first = run["results"][0]
    assert (first["ruleId"], first["level"]) == ("gate-worse", "error")
    place = first["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("app/views.py", 41)
    assert all(result["locations"] for result in run["results"])
    assert [result["level"] for result in run["results"]] == ["error"] * 4 + ["warning"] * 3


@pytest.mark.once
def test_html_has_both_tables():
    html = render(failing_gate(), "html").decode()
    assert "<title>FAIL - leads own/serial n=100: queries +99, " in html
    for text in ("app/views.py:41 in page", "+3.1 % to +8.0 %", "instructions", "could not be collected"):
        assert text in html


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "png"])  # no text
def test_each_format_shows_a_hostile_gate(name):
    run = hostile_gate(HOSTILE)
    shown = render(run, name)
    assert shown == render(run, name)
    if name != "json":
        # a path must stay what it is, or nobody finds the file
        beside = re.sub(r'file="[^"]*"|file=[^,]*', "", shown.decode())
        assert not {"\x1b", "\u202e"} & set(beside)
    if name == "html":
        assert b'" % \\ <b>' not in shown
    if name == "github":
        lines = shown.decode().splitlines()
        assert sum(line.startswith("::") for line in lines) == len(lines) - 1
        assert not re.search(r"\n(?!::|perfkit: )", shown.decode().rstrip("\n"))


def test_a_long_list_is_cut_and_says_so():
    gate = Gate(differences=[worse(size=size) for size in range(1, 501)])
    shown = page(run_of(gate)).gate
    assert len(shown.differences) == 200
    assert shown.left_out == "300 more rows not shown here; the run's JSON has all."
