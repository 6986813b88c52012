import dataclasses
import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from perfkit.model import Claim
from perfkit.report.view.page import page
from tests.report.gate_sample import hostile_gate
from tests.report.sample import analysis_run, empty_run, hostile_run, sample_run
from tests.report.terminal.consoles import shown
from tests.report.terminal.runs import RUNS, several, with_targets

pytestmark = pytest.mark.once

HOSTILE = "[red]x[/red]\x1b[31m:smile: \u202e" * 9


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("width", "encoding"), [(40, "utf-8"), (60, "ascii"), (80, "utf-8"), (200, "ascii")])
def test_no_line_is_wider_than_the_console(name, width, encoding):
    text = shown(RUNS[name](), encoding=encoding, width=width)
    assert text.encode(encoding)
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if len(line) > width or line != line.rstrip()] == []


@settings(max_examples=25)
@given(
    st.text(min_size=1, max_size=80),
    st.integers(40, 120),
    st.sampled_from(["utf-8", "ascii"]),
    st.sampled_from([lambda text: hostile_run(text), hostile_gate]),
)
def test_whatever_things_are_called_no_line_is_wider(text, width, encoding, run):
    lines = shown(run(text), width=width, encoding=encoding).split("\n")
    assert max(map(cell_len, lines)) <= width
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "".join(lines))


def test_the_order_is_that_of_the_page():
    text = shown(with_targets())
    parts = (
        "FAIL: ",
        "How sure? ",
        "What to do? ",
        "\nTargets: ",
        "\nFindings\n",
        "\nStrategies at 200 leads on own server\n",
        "\nGain of the fastest right answer, place by place",
        "\nThe story beside the measurement\n",
        "\nPredicted savings beside measured ones\n",
        "\nThis machine (differs from run to run)\n",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_of_several_scenarios_each_is_short_and_the_first_lines_have_all():
    lines = shown(several()).splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("── ")]
    assert [lines[number].split()[1] for number in heads] == ["leads:", "contacts:"]
    assert ["leads", "41.2", "s", "200", "ms", "205x"] in [line.split() for line in lines[:8]]
    assert all(after - before < 40 for before, after in pairwise(heads))
    assert "Story: 1 of 3 claims holds, 1 false, 1 not told by this run. 18 predicted" in lines


def test_a_row_has_counters_before_times_factor_and_answer():
    rows = [line.split() for line in shown(sample_run(), width=200).splitlines()]
    head = next(row for row in rows if row[:2] == ["strategy", "requests"])
    assert head[-7:] == ["in", "flight", "time", "factor", "answer", "log", "scale"]
    assert next(row for row in rows if row[:1] == ["chunks"])[-5:-1] == ["2.88", "s", "14x", "equal"]


def test_other_groups_show_baseline_and_fastest():
    text = shown(sample_run())
    table = text.partition("\nfast_bitrix24\n")[2].partition("\n  as_published:")[0]
    assert [line.split()[0] for line in table.splitlines()] == ["serial", "batched_concurrent", "in_filter"]
    assert "5 more strategies" in text


def test_what_differs_between_machines_is_in_the_last_section_only():
    one, other = sample_run(), sample_run()
    other.machine = empty_run().machine
    other.machine.costs, other.machine.real_ns = one.machine.costs[:0], 5
    first, second = shown(one), shown(other)
    assert first != second
    assert first.partition("This machine")[0] == second.partition("This machine")[0]


def test_errors_and_flaws_stand_below_the_table():
    text = " ".join(shown(sample_run(groups=("aiohttp",)), width=200).split())
    assert "as_published: known flaw: the portal drops the filter of the published code" in text
    assert "differs (PK501)" in text


def test_only_false_claims_are_spelled_out():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.scenarios[0].claims += [Claim(f"claim {number}", "not so", False) for number in range(5)]
    text = shown(run)
    assert text.count("[false] ") == 4
    assert "4 more claims" in text


def test_missed_targets_stand_first_and_all_met_are_one_line():
    run, place = with_targets(), "leads: aiohttp_in_filter at 200 leads on own server"
    text = shown(run, width=120)
    assert "\nTargets: 1 of 3 targets met, 1 missed, 1 not measured\n" in text
    missed = f"[missed] {place}: response 200 ms, at most 100 ms, 100 % beyond"
    assert f"\n{missed}\n[not measured] {place}: cpu" in text
    assert "cpu at most 70 %; virtual time counts none\n" in text
    assert "1 more target." in text
    run.targets = run.targets[1:2]
    assert "\nTargets: 1 of 1 target met.\n" in shown(run)


def test_markup_in_names_is_no_markup():
    text = shown(hostile_run("[red]x[/red]"), width=200, force_terminal=True, no_color=True)
    assert "[red]x[/red]" in text
    assert "\x1b[31m" not in shown(hostile_run(HOSTILE))


def test_a_terminal_gets_colour_and_only_that():
    coloured = shown(RUNS["gate"](), force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == shown(RUNS["gate"]())


def test_a_file_of_traces():
    text = shown(analysis_run(), width=120)
    assert "\nLeft out\n1 line could not be read: line 52,001 ends in the middle\n" in text
    assert (
        "\nPK101 n-plus-one-query under GET /orders > load: 20,000 times in 400 traces; spent 90.0 s;" in text
    )
    assert "PK103 duplicate-query at app/orders.py:17 in totals: 9 times; spent 45.0 ms; no saving" in text


def test_how_many_findings_are_left_out():
    assert "In the HTML report (-f html): 14 more findings.\n" in shown(analysis_run(findings=20))


def test_nothing_measured():
    assert shown(empty_run()).startswith("INCONCLUSIVE: nothing was measured\n")


def _texts(thing):
    """All texts of a view; ``source`` is the run itself."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, tuple | list):
        for part in thing:
            yield from _texts(part)
    elif dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            if field.name != "source":
                yield from _texts(getattr(thing, field.name))
        for name in ("commands", "effect", "numbers", "sentence", "summary"):
            yield from _texts(getattr(thing, name, ""))


COUNTED = re.compile(
    r"In the HTML report.*|.*claims? holds?.*|.*predicted savings?, off by.*|note 1 of .*|.* real time .*"
    r"|fix, at .*|\d+ benchmarks? did not change\."
)
"""Lines that count or cut what the view has."""


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_is_from_the_view(name):
    run = RUNS[name]()
    said = " ".join(_texts(page(run)))
    for line in shown(run, width=1000).splitlines():
        if not COUNTED.fullmatch(line):
            figures = [word.strip(",.;:()") for word in line.split() if re.search(r"\d", word)]
            assert [figure for figure in figures if figure not in said] == [], line
