import pytest

from perfkit.model import Gate, Timing, Verdict
from tests.report.gate_sample import FASTER, SAME, SLOWER, failing_gate, run_of, worse
from tests.report.sample import _finding
from tests.report.terminal.consoles import shown

pytestmark = pytest.mark.once

FINDING = _finding(worse().site, 100, 500_000_000, 400_000_000)


def test_what_changed_where_and_what_to_do_stand_in_the_first_twenty_lines():
    first = "\n".join(shown(failing_gate()).splitlines()[:20])
    for part in (
        "FAIL: 2 lines of leads got worse",
        "queries 1 -> 100 (+99",
        "+5.2 %",
        "interval +3.1\n",
        "app/views.py:41 in page",
        "What to do?",
        "base main (0123456789ab), head work tree",
    ):
        assert part in first


def test_a_pass_is_a_few_lines():
    lines = shown(run_of(Gate(compared=312, base="main", head="work tree"))).splitlines()
    assert lines[0] == "PASS: 312 lines of baselines hold"
    assert lines[2] == "Compared   base main, head work tree"
    assert len(lines) == 5


def test_of_many_notes_of_a_pass_one_is_shown():
    lines = shown(run_of(Gate(compared=3, notes=["peaks are not compared", "b", "c"]))).splitlines()
    assert "note 1 of 3: peaks are not compared" in lines
    assert "In the HTML report (-f html): 2 more notes." in lines


def test_each_change_has_its_verdict_in_a_word_and_a_statement_once():
    text = shown(run_of(Gate(compared=3, differences=[worse(), worse(entry="own/other")])))
    changes = text.partition("What changed: counters, then times\n")[2]
    assert changes.count("[worse] leads own/") == 2
    assert changes.count("    SELECT act WHERE lead = ?\n    at app/views.py:41 in page\n") == 1


def test_the_command_that_records_a_change_is_said_once():
    says = "+99 SELECT act; with it +1 rows; also far/serial; if it is meant: perfkit gate --update x"
    text = shown(run_of(Gate(compared=3, differences=[worse(says=says), worse(size=10)])))
    assert text.count("perfkit gate --update x") == 1
    other = worse(baseline="shop", says="+1 GET; if it is meant: perfkit gate --update shop")
    text = shown(run_of(Gate(compared=3, differences=[worse(says=says), other])))
    assert text.count("if it is meant: perfkit gate --update x") == 1
    assert text.count("if it is meant: perfkit gate --update shop") == 1


def test_a_benchmark_has_its_figures_and_interval_and_others_are_counted():
    text = shown(run_of(Gate(timings=[SLOWER, SAME, FASTER])), width=120)
    slower = "test_page: time 1.20 ms -> 1.26 ms (+5.2 %), interval +3.1 to +8.0 %"
    assert f"[regressed] benchmarks/test_views.py::{slower}\n" in text
    assert "[improved] benchmarks/test_views.py::test_fast: -20.0 %\n" in text
    assert "\n1 benchmark did not change.\n" in text
    assert "test_list" not in text


def test_what_could_not_be_decided_says_why():
    timing = Timing("a.py::test_new", Verdict.INCONCLUSIVE, reason="base has no such benchmark")
    text = shown(run_of(Gate(timings=[timing], problems=["tests/b.py could not be collected"])))
    assert "[inconclusive] a.py::test_new: base has no such benchmark\n" in text
    assert "Not compared\ntests/b.py could not be collected\n" in text


def test_new_findings_have_a_section_instead_of_a_row():
    new = worse(metric="finding", says="new finding PK102 at app/views.py:41 in page", finding=FINDING)
    text = shown(run_of(Gate(compared=3, differences=[worse(), new])), width=120)
    section = text.partition("\nNew findings\n")[2]
    assert section.startswith("[new] PK102 n-plus-one-request at app/views.py:41 in page: 100 times; spent")
    assert "  fix: Send up to 50 of these calls" in section
    assert "new finding PK102" not in text.partition("What changed")[2]


def test_a_long_list_is_cut_and_says_so():
    text = shown(run_of(Gate(differences=[worse(entry=f"own/s{number}") for number in range(30)])))
    assert text.count("[worse] ") == 12
    assert "In the HTML report (-f html): 18 more changes.\n" in text
