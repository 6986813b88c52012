"""Targets as readers see them, in the view and in the page."""

import re

from perfkit.model import Target
from perfkit.report.formats.html import render_html
from perfkit.report.view.page import page
from perfkit.report.view.targets import TargetRow, of_run
from tests.report.sample import sample_run

SCOPE = "leads: in_filter at 200 leads on own server"
TARGETS = [
    Target("response", SCOPE, 2e9, 1.056e9, "one sample, virtual time"),
    Target("cpu", SCOPE, 0.7, None, "virtual time does not count computing"),
    Target("throughput", SCOPE, 100, 189.4, "200 leads in 1.06 s"),
    Target("errors", SCOPE, 0.001, 0.0023, "2 of 870 requests and queries failed"),
    Target("errors", "shop", 0, 0, "0 of 5 requests and queries failed"),
]


def run_with(targets):
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.targets = list(targets)
    return run


def test_without_targets_there_is_no_section():
    assert page(run_with([])).targets is None
    assert "tool.perfkit.targets" not in render_html(run_with([]))


def test_the_missed_ones_come_first_then_those_without_a_value():
    found = page(run_with(TARGETS)).targets
    assert found.summary == "3 of 5 targets met, 1 missed, 1 not measured"
    assert (found.met, found.missed, found.unmeasured) == (3, 1, 1)
    assert [(row.metric, row.verdict) for row in found.rows] == [
        ("errors", "missed"),
        ("cpu", "not measured"),
        ("response", "met"),
        ("throughput", "met"),
        ("errors", "met"),
    ]


def test_a_row_says_limit_value_margin_and_basis():
    missed, unknown, response, throughput, none = of_run(run_with(TARGETS)).rows
    assert missed == TargetRow(
        SCOPE,
        "errors",
        "at most 0.1 %",
        "0.23 %",
        "130 % beyond",
        "missed",
        "2 of 870 requests and queries failed",
        92.0,
        40.0,
    )
    assert (unknown.measured, unknown.margin, unknown.bar, unknown.mark) == ("", "", None, None)
    assert (response.limit, response.measured, response.margin) == ("at most 2 s", "1.06 s", "47 % to spare")
    assert (throughput.limit, throughput.margin, throughput.bar) == ("at least 100/s", "89 % to spare", 92.0)
    assert (none.limit, none.measured, none.margin, none.bar) == ("at most 0 %", "0 %", "", None)


def test_one_is_counted_as_one():
    assert of_run(run_with(TARGETS[:1])).summary == "1 of 1 target met"


def test_the_page_has_a_row_each_with_a_drawing_and_a_word():
    text = render_html(run_with(TARGETS))
    section = text[text.index('<section id="targets"') :]
    section = section[: section.index("</section>")]
    assert re.findall(r'<span class="mark [\w-]+">(.*?)</span>', section) == [
        "✗ missed",
        "? not measured",
        "✓ met",
        "✓ met",
        "✓ met",
    ]
    assert section.count("<svg") == 3
    assert "style=" not in section
    assert "3 of 5 targets met, 1 missed, 1 not measured" in section


def test_hostile_names_do_no_harm():
    hostile = Target("<b>x</b>", "</script>\u202e<img src=x>", 1, 2, "</td><script>alert(1)</script>")
    text = render_html(run_with([hostile]))
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert "\u202e" not in text


def test_no_target_measured_is_said_and_is_no_pass():
    shown = page(run_with(TARGETS[1:2]))
    assert shown.outcome == "INCONCLUSIVE"
    assert shown.meaning == "no target could be measured, of 1 declared; why stands beside each"
