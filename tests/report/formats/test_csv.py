"""Tables that a spreadsheet and a data frame read alike, and that carry out nothing."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.report.formats.csv import CELL, FINDING, LINE, POINT, SPAN, render
from tests.report.formats.runs import RUNS
from tests.report.gate_sample import SAYS, failing_gate
from tests.report.sample import analysis_run, empty_run, failing_run, sample_run, trace_run


def rows_of(run):
    text = render(run).decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


@pytest.mark.parametrize("name", RUNS)
def test_each_run_is_a_table_without_formulas(name):
    text = render(RUNS[name]()).decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows[0]) == len(set(rows[0]))
    assert {len(row) for row in rows} == {len(rows[0])}
    assert text.count("\r\n") == text.count("\n") == len(rows)  # nothing foreign breaks a line
    for cell in (cell for row in rows for cell in row):
        assert not cell.startswith(("=", "+", "@", "\t"))
        assert not cell.startswith("-") or float(cell)


@pytest.mark.parametrize(
    ("run", "columns", "count"),
    [
        (sample_run(groups=("aiohttp",), sizes=[20]), CELL, 24),
        (trace_run(), SPAN, 61),
        (failing_gate(), LINE, 8),
        (analysis_run(), FINDING, 3),
        (RUNS["tune"](), POINT, 10),
        (empty_run(), CELL, 0),
    ],
    ids=["bench", "trace", "gate", "analysis", "tune", "empty"],
)
def test_what_a_row_is(run, columns, count):
    head = render(run).decode().partition("\r\n")[0].split(",")
    assert tuple(head[: len(columns)]) == columns
    assert all(name.startswith(("counter.", "figure.", "parameter.")) for name in head[len(columns) :])
    assert len(rows_of(run)) == count


def test_a_cell():
    row = next(
        row for row in rows_of(sample_run(groups=("aiohttp",))) if row["strategy"] == "aiohttp_batched"
    )
    assert (row["world"], row["size"], row["unit"], row["status"]) == ("own", "20", "leads", "ok")
    assert (row["agrees"], row["elapsed_ns"], row["counter.request"]) == ("true", "200000000", "1")
    assert float(row["factor"]) == pytest.approx(20.6, abs=0.5)
    failed = next(row for row in rows_of(failing_run()) if row["status"] == "failed")
    assert (failed["elapsed_ns"], failed["factor"]) == ("", "")
    assert failed["error"] == "ValueError: no 'result' in the answer"


def test_a_span_and_a_line():
    span = rows_of(trace_run())[1]
    assert (span["kind"], span["parent"], span["start_ns"]) == ("request", "1", "100000000")
    assert (span["duration_ns"], span["file"], span["line"]) == ("130000000", "app/report.py", "41")
    rows = rows_of(failing_gate())
    worse = next(row for row in rows if row["verdict"] == "worse")
    assert (worse["before"], worse["after"], worse["stops"]) == ("1", "100", "true")
    assert worse["says"] == f"'{SAYS}"  # it begins with "+99"
    slower = next(row for row in rows if row["verdict"] == "regressed")
    assert (slower["before"], slower["after"], slower["ratio"]) == ("1200000", "1262000", "1.052")


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=80, deadline=None)
def test_any_text_stays_one_cell(text):
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.scenarios[0].cells = run.scenarios[0].cells[:1]
    run.scenarios[0].cells[0].error = text
    (row,) = rows_of(run)
    assert not row["error"].startswith(("=", "+", "-", "@", "\t", "\r"))
