"""A run beside another one: recordings by what they ask of others, bench runs by cells and operations."""

import copy

import pytest

from perfkit.bench.compare import against, compare
from perfkit.errors import NothingToCompareError
from perfkit.model import Change, Finding, Frame, Gate, Outcome, Span, Trace, pack, unpack
from perfkit.model.run import Sample
from perfkit.model.storage import encode_run, write_run
from tests.report.sample import analysis_run, empty_run, sample_run, trace_run

MS = 1_000_000
LINE, OTHER = Frame("app.py", 7, "page"), Frame("app.py", 9, "more")


def recorded(*operations, clock="wall", findings=(), end_ns=9 * MS, **more):
    """A recording: (kind, name, how often, line)."""
    trace = Trace(clock, 0, end_ns)
    for kind, name, times, line in operations:
        for _ in range(times):
            number = len(trace.spans)
            trace.spans.append(
                Span(number + 1, None, kind, name, number, number + 5, line, (line,) if line else ())
            )
    return empty_run(
        kind="trace",
        clock=clock,
        command=["perfkit", "run", "app.py"],
        trace=pack(trace),
        findings=list(findings),
        **more,
    )


def beside(head, base):
    return against(head, base, base_name="base.json", head_name="head.json")


def told(run):
    return [(one.change, one.metric, one.template, one.before, one.after) for one in run.gate.differences]


def test_more_queries_are_worse_and_the_new_statement_is_named_with_its_line():
    base = recorded(("query", "SELECT a", 1, LINE))
    head = recorded(("query", "SELECT a", 1, LINE), ("query", "SELECT b WHERE id = ?", 20, OTHER))
    run = beside(head, base)
    assert told(run) == [
        (Change.WORSE, "query", "", 1, 21),
        (Change.NEW, "query", "SELECT b WHERE id = ?", 0, 20),
    ]
    assert run.gate.differences[1].site == OTHER
    assert run.gate.differences[1].says == "+20 SELECT b WHERE id = ? at app.py:9 in more: 0 -> 20"
    assert run.outcome is Outcome.FAIL
    assert run.gate.notes == [
        "One run each: times are not compared. perfkit gate --base measures two revisions side by side."
    ]


def test_another_statement_in_place_of_many_is_no_regression():
    base = recorded(("query", "SELECT b WHERE id = ?", 20, OTHER))
    run = beside(recorded(("query", "SELECT b WHERE id IN (?)", 1, OTHER)), base)
    assert told(run) == [
        (Change.NEW, "query", "SELECT b WHERE id IN (?)", 0, 1),
        (Change.VANISHED, "query", "SELECT b WHERE id = ?", 20, 0),
        (Change.BETTER, "query", "", 20, 1),
    ]
    assert run.outcome is Outcome.PASS


def test_the_head_is_as_it_was_and_neither_run_is_changed():
    base, head = recorded(("query", "a", 1, LINE)), recorded(("query", "a", 2, LINE))
    before = encode_run(base), encode_run(head)
    run = beside(head, base)
    assert (encode_run(base), encode_run(head)) == before
    assert (run.kind, run.trace, run.command) == ("trace", head.trace, head.command)
    assert (run.gate.base, run.gate.head, run.gate.strict) == ("base.json", "head.json", False)


def test_times_are_compared_where_both_clocks_are_virtual():
    base = recorded(("query", "a", 1, LINE), clock="virtual", end_ns=10 * MS)
    run = beside(recorded(("query", "a", 1, LINE), clock="virtual", end_ns=13 * MS), base)
    assert told(run) == [(Change.WORSE, "time_ns", "", 10 * MS, 13 * MS)]
    assert run.gate.notes == []


def test_findings_that_are_new_and_gone():
    old = Finding("PK101", "n-plus-one-query", "SELECT a", 20, 5, LINE)
    new = Finding("PK102", "n-plus-one-request", "GET /b", 9, 5, OTHER)
    operations = ("query", "SELECT a", 1, LINE)
    run = beside(recorded(operations, findings=[new]), recorded(operations, findings=[old]))
    assert [(one.change, one.finding) for one in run.gate.differences] == [
        (Change.WORSE, new),
        (Change.BETTER, old),
    ]
    assert run.gate.differences[0].says == "new: PK102 n-plus-one-request at app.py:9 in more: GET /b"


def test_a_finding_on_another_line_of_its_function_is_known():
    operations = ("query", "SELECT a", 1, LINE)
    sides = [
        recorded(operations, findings=[Finding("PK101", "n", "q", 20, 5, Frame("app.py", line, "page"))])
        for line in (7, 8)
    ]
    run = beside(*sides)
    assert (run.gate.differences, run.outcome) == ([], Outcome.PASS)


def test_a_recording_that_was_cut_off_or_left_spans_out_is_inconclusive():
    base = recorded(("query", "a", 1, LINE))
    run = beside(recorded(("query", "a", 1, LINE), interrupted=True), base)
    assert run.gate.problems == ["head was cut off before its end: not all of it could be compared"]
    assert run.outcome is Outcome.INCONCLUSIVE
    short = recorded(("query", "a", 1, LINE))
    short.trace.dropped = 1_234
    assert beside(base, short).gate.problems == ["base left out 1,234 spans: not all of it could be compared"]


def test_another_command_is_noted():
    base = recorded(("query", "a", 1, LINE))
    base.command = ["perfkit", "run", "other.py"]
    notes = beside(recorded(("query", "a", 1, LINE)), base).gate.notes
    assert notes[0] == "Not the same command: base other.py, head app.py."


def test_files_of_recordings_and_of_traces_can_be_compared(tmp_path):
    base, head = recorded(("query", "a", 1, LINE)), recorded(("query", "a", 2, LINE))
    run = compare(write_run(base, tmp_path / "a.json"), write_run(head, tmp_path / "b.json"), folder=tmp_path)
    assert told(run)[0] == (Change.WORSE, "query", "", 1, 2)
    other = analysis_run()
    other.findings = other.findings[:1]
    run = beside(analysis_run(), other)
    assert [one.change for one in run.gate.differences] == [Change.WORSE, Change.WORSE]


@pytest.mark.parametrize(
    ("base", "says"),
    [
        (sample_run(sizes=[20]), "base.json is a run of perfkit bench in virtual time and head.json one of"),
        (empty_run(kind="tune"), "base.json is a run of kind 'tune'"),
        (empty_run(kind="gate", gate=Gate(compared=3)), "base.json is a gate run without times"),
        (recorded(("query", "a", 1, LINE), clock="virtual"), "perfkit trace in virtual time"),
    ],
)
def test_what_cannot_be_compared_says_why(base, says):
    with pytest.raises(NothingToCompareError, match=says):
        beside(trace_run(), base)


def test_runs_without_a_common_scenario():
    base, head = sample_run(sizes=[20]), sample_run(sizes=[20])
    head.scenarios[0].name = "other"
    with pytest.raises(NothingToCompareError, match="no scenario is in both files"):
        beside(head, base)


@pytest.fixture
def sides():
    base = sample_run(groups=("aiohttp",), sizes=[20, 200])
    return copy.deepcopy(base), base


def cells_of(run, strategy):
    return [
        cell
        for cell in run.scenarios[0].cells
        if (cell.world, cell.strategy) == ("own", f"aiohttp_{strategy}")
    ]


def test_a_run_beside_itself(sides):
    run = beside(*sides)
    assert (run.gate.differences, run.outcome) == ([], Outcome.PASS)
    assert run.gate.notes == ["The two runs are the same."]
    assert run.gate.head == "head.json (0123456789ab)"


def test_growth_that_got_worse_comes_first(sides):
    head, base = sides
    for cell in cells_of(base, "chunks"):
        cell.counters["connect"] = 3
    for cell in cells_of(head, "chunks"):
        cell.counters["connect"] = cell.size
    head.scenarios[0].cells[0].counters["bytes_sent"] += 1
    first, second, third = beside(head, base).gate.differences
    assert [(one.metric, one.size, one.growth_before, one.growth_after) for one in (first, second)] == [
        ("connect", 20, "1", "n"),
        ("connect", 200, "1", "n"),
    ]
    assert first.says == "+17 connect: 3 -> 20, O(1) -> O(n), leads own/aiohttp_chunks (n=20)"
    assert (third.metric, third.growth_after) == ("bytes_sent", "")


def test_the_operation_behind_a_counter_is_named_with_its_line(sides):
    head, base = sides
    for cell in cells_of(head, "batched"):
        trace = unpack(cell.trace)
        for _ in range(cell.size):
            trace.spans.append(Span(900 + len(trace.spans), None, "request", "GET /x", 0, 5, LINE, (LINE,)))
        cell.trace, cell.counters["request"] = pack(trace), cell.counters["request"] + cell.size
    found = beside(head, base).gate.differences
    named = [one for one in found if one.template]
    assert [(one.change, one.metric, one.size, one.after, one.site) for one in named] == [
        (Change.NEW, "request", 200, 200, LINE)
    ]


def test_the_operation_that_takes_longer_is_named_where_none_is_new(sides):
    head, base = sides
    for cell in cells_of(head, "in_filter"):
        trace = unpack(cell.trace)
        trace.spans[0].end_ns += 60 * MS
        cell.trace, cell.samples = pack(trace), [Sample(1, cell.samples[0].elapsed_ns + 60 * MS)]
    found = beside(head, base).gate.differences
    (named,) = [one for one in found if one.template]
    assert (named.metric, named.after - named.before, named.size) == ("time_ns", 60 * MS, 200)
    assert named.site.file == "scenarios/leads.py"


def test_a_finding_is_that_of_the_costliest_cell(sides):
    head, base = sides
    for cell in cells_of(base, "serial") + cells_of(head, "serial"):
        cell.findings = []
    for cell in cells_of(head, "serial"):
        cell.findings = [Finding("PK103", "duplicate", "GET /y", cell.size, 5, LINE, saving_ns=cell.size)]
    (found,) = [one for one in beside(head, base).gate.differences if one.metric == "finding"]
    assert (found.size, found.finding.count) == (200, 200)


def test_two_runs_of_other_scenarios_name_what_each_has():
    base, head = sample_run(), sample_run()
    base.scenarios[0].name = "other"
    with pytest.raises(NothingToCompareError, match=r"no scenario is in both .*: a has other; b has leads"):
        against(head, base, base_name="a", head_name="b")
