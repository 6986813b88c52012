"""Findings of all kinds of runs, as rows that every format shows alike."""

from dataclasses import replace as replace_row

import pytest
from msgspec.structs import replace

from perfkit.model import Cell, Change, Difference, Finding, Gate, ScenarioResult, WorldInfo
from perfkit.report.view.findings import (
    MAX_ROWS,
    _places,
    of_recording,
    of_run,
    of_scenario,
    parted,
    row,
)
from perfkit.report.view.words import sentence_of
from tests.report.sample import analysis_run, empty_run, sample_run, trace_run


def test_levels_of_a_scenario():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    for cell in run.scenarios[0].cells:
        if cell.strategy in ("aiohttp_batched", "aiohttp_as_published"):
            cell.findings.append(Finding("PK501", "results-differ", cell.strategy, 1, 0))
    found = [(one.finding.rule, one.finding.template[:6], one.level, one.meant) for one in of_run(run)]
    assert found == [
        ("PK501", "aiohtt", "error", False),
        ("PK102", "POST p", "warning", False),
        ("PK102", "POST p", "note", True),
        ("PK501", "aiohtt", "note", True),
    ]


def test_what_one_other_strategy_does_too_is_not_meant():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    serial = next(cell for cell in run.scenarios[0].cells if cell.strategy == "aiohttp_serial")
    other = next(cell for cell in run.scenarios[0].cells if cell.strategy == "aiohttp_chunks")
    other.findings = list(serial.findings)
    assert [one.meant for one in of_scenario(run.scenarios[0])] == [False, False]


def test_a_recording_has_no_cells():
    (one,) = of_recording(trace_run())
    assert (one.worst, one.cells, one.file, one.level) == ("", (), "", "warning")
    assert [one.file for one in of_recording(analysis_run())] == ["day.jsonl"] * 3
    assert of_run(empty_run()) == []


def test_the_order_is_by_saving_then_by_time():
    run = trace_run()
    known = run.findings[0]
    run.findings = [
        replace(known, saving_ns=None, spent_ns=5, template="c"),
        replace(known, saving_ns=None, spent_ns=9, template="b"),
        replace(known, saving_ns=7, spent_ns=7, template="a"),
    ]
    assert [one.finding.template for one in of_run(run)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("changes", "where", "site", "times"),
    [
        ({}, "at app/report.py:41 in fetch", "app/report.py:41 in fetch", "60 times"),
        ({"site": None}, "at a place that is not known", "place not known", "60 times"),
        (
            {"site": None, "place": "GET /x > load", "traces": 4},
            "under GET /x > load",
            "GET /x > load",
            "60 times",
        ),
        ({"count": 1}, "at app/report.py:41 in fetch", "app/report.py:41 in fetch", "1 time"),
    ],
)
def test_place_and_count_in_words(changes, where, site, times):
    shown = row(replace(trace_run().findings[0], **changes))
    assert (shown.where, shown.site, shown.times) == (where, site, times)


def test_in_how_many_traces_is_said_of_traces_that_were_read():
    first, *_ = of_recording(analysis_run())
    assert first.row.times == "20,000 times in 400 traces"
    run = trace_run()
    run.findings[0].traces = 5
    assert of_recording(run)[0].row.times == "60 times"


def test_of_several_files_the_first_is_named():
    run = analysis_run()
    run.imported.source = "a.json, b.json"
    assert {one.file for one in of_recording(run)} == {"a.json"}


def test_the_effect_in_words():
    known = trace_run().findings[0]
    assert row(known).effect == "spent 7.80 s; predicted saving 7.00 s"
    assert row(replace(known, saving_ns=None)).effect == "spent 7.80 s; no saving predicted"
    assert row(replace(known, saving_ns=0)).effect == "spent 7.80 s; predicted saving 0 ns"
    assert row(replace(known, spent_ns=0, saving_ns=0)).effect == "spent 0 ns; predicted saving 0 ns"


def test_what_is_about_answers_or_counters_has_neither_count_nor_time():
    counted = Finding(
        "PK502", "growth", "s: bytes", 1_616_327, 0, evidence=["2 at size 1", "b"], basis="unknown"
    )
    assert row(counted).times == ""
    assert row(counted).sentence == "growth: 2 at size 1; b."
    assert row(replace(counted, evidence=[])).sentence == "growth: cost no time."
    assert sentence_of(counted) == "PK502 growth at a place that is not known: 2 at size 1."


def test_the_lines_leave_out_what_is_not_known():
    bare = Finding("PK101", "n-plus-one-query", "SELECT ?", 3, 9)
    assert row(bare).lines == (
        "n-plus-one-query, 3 times: spent 9 ns; no saving predicted.",
        "Operation: SELECT ?",
        "Prediction: unknown",
    )


def test_strategies_and_worlds_of_equal_sizes_are_said_together():
    scenario = ScenarioResult("s", "", "", "", "rows", [1, 20], [], [])
    scenario.worlds = [WorldInfo(name, f"world {name}", 0, {}) for name in ("a", "b")]
    cells = [Cell(world, f"s{n}", size) for n in range(8) for world in ("a", "b") for size in (1, 20)]
    cells.append(Cell("a", "late", 20))
    assert list(_places(scenario, cells)) == [
        "s0, s1, s2, s3, s4, s5 and 2 more at 1, 20 rows on every world",
        "late at 20 rows on world a",
    ]


def test_a_page_shows_new_findings_in_full_and_folds_known_ones_that_are_meant():
    known = row(trace_run().findings[0], status="known")
    new, meant = replace_row(known, status="new"), replace_row(known, meant=True)
    shown = parted([new, known, meant, meant])
    assert (shown.cards, shown.folded, shown.left) == ((new, known), (meant, meant), 0)
    assert shown.title == "2 known findings of strategies that are meant to be slow"


def test_a_page_shows_the_costliest_in_full_and_the_others_as_rows():
    rows = [row(Finding("PK101", "n", f"SELECT {number}", 3, 9)) for number in range(MAX_ROWS + 3)]
    shown = parted(rows)
    assert (shown.cards, len(shown.folded), shown.left) == (tuple(rows[:5]), MAX_ROWS - 5, 3)
    assert shown.title == "495 more findings"
    assert parted([]).folded == ()


def test_beside_another_run_findings_are_new_or_known():
    run = trace_run()
    fresh = replace(run.findings[0], template="GET /new", saving_ns=1)
    run.findings.append(fresh)
    assert [one.status for one in of_run(run)] == ["", ""]
    run.gate = Gate(compared=3, differences=[Difference("", "", Change.WORSE, "finding", finding=fresh)])
    first, second = of_recording(run)
    assert (first.status, first.finding.template, second.status) == ("new", "GET /new", "known")
    run.gate.compared = 0
    assert of_recording(run)[0].status == ""
