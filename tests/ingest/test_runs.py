"""Runs that perfkit stored."""

import gzip

import pytest

from perfkit.errors import NewerSchemaError, RunFileError, TraceFileError
from perfkit.ingest import analyze, runs
from perfkit.ingest.left_out import LeftOut
from perfkit.ingest.reading import Reader
from perfkit.model import Frame, HostFacts, Span, Trace, pack, unpack
from perfkit.model.storage import encode_run
from tests.ingest.make import stored, tree
from tests.model.sample import small_run
from tests.report.sample import sample_run

SITE = Frame("app/views.py", 41, "page")


def program(*spans, **facts):
    run = small_run()
    run.kind, run.clock, run.scenarios = "trace", "wall", []
    run.command = ["perfkit", "run", "app/main.py", "(and 2 arguments)"]
    run.trace = pack(Trace("wall", 0, 1000, list(spans), **facts))
    return run


def read(folder, run):
    noted = LeftOut()
    return list(Reader([stored(folder, encode_run(run))], noted).traces()), noted


def query(number, start, parent=None, **attrs):
    facts = {"sql": "SELECT a FROM b WHERE c = ?", "params": f"{number:016x}", "rows": 1} | attrs
    return Span(number, parent, "query", facts["sql"], start, start + 1, SITE, (SITE,), 1, 1, facts)


@pytest.mark.parametrize("pack_file", [bytes, gzip.compress])
def test_a_program(tmp_path, pack_file):
    run = program(
        *(query(n + 1, n * 10) for n in range(4)), hosts=[HostFacts("db", 5)], dropped=3, probes=["x"]
    )
    path = stored(tmp_path, pack_file(encode_run(run)), "run.json.gz")
    noted = LeftOut()
    ((name, trace),) = Reader([path], noted).traces()
    assert name == "app/main.py (and 2 arguments)"
    assert trace == unpack(run.trace)
    assert noted.losses() == [f"{name}: the run does not have 3 of its spans"]
    found = analyze([path])
    assert [(one.rule, one.count, one.site) for one in found.findings] == [("PK101", 4, SITE)]
    assert (found.imported.format, found.imported.traces, found.imported.spans, found.clock) == (
        "perfkit",
        1,
        4,
        "wall",
    )


def test_cells_of_a_benchmark(tmp_path):
    run = sample_run(groups=("aiohttp",), sizes=[20])
    expected = [cell for cell in run.scenarios[0].cells if cell.trace is not None]
    found, _ = read(tmp_path, run)
    assert [trace for _, trace in found] == [unpack(cell.trace) for cell in expected]
    assert found[0][0] == f"leads {expected[0].strategy} at 20 in {expected[0].world}"
    assert analyze([stored(tmp_path, encode_run(run))]).clock == "virtual"


def test_a_run_without_traces(tmp_path):
    run = program()
    run.trace = None
    assert read(tmp_path, run)[0] == []


@pytest.mark.parametrize(
    "spans",
    [
        [query(2, 0, 1), query(1, 0)],
        [query(1, 5), query(2, 0)],
        [query(1, 0), query(1, 5)],
        [query(1, 0, 2), query(2, 1, 1)],
        [query(1, 0, 77)],
        [query(n, n, n - 1 or None) for n in range(1, 500)],
        [Span(1, None, "span", "a", 5, 3)],
        [Span(1, None, "span", "a", 2**62, 2**62 + 1)],
    ],
    ids=["child first", "late first", "same id", "circle", "no parent", "deep", "no time", "far"],
)
def test_spans_out_of_order_are_put_in_order(tmp_path, spans):
    ((_, trace),), noted = read(tmp_path, program(*spans))
    assert noted.remarks()[0] == "the spans of a run were not in order, and were put in order"
    seen = {None}
    for number, one in enumerate(trace.spans, 1):
        assert (one.id, one.parent in seen, one.start_ns >= 0, one.end_ns >= one.start_ns) == (
            number,
            True,
            True,
            True,
        )
        seen.add(one.id)


def test_queries_inside_queries_stay_apart(tmp_path):
    ((_, trace),), _ = read(tmp_path, program(query(2, 1, 1), query(1, 0)))
    assert tree(trace) == [(query(1, 0).name, None), (query(1, 0).name, query(1, 0).name)]


def test_odd_attributes_are_left_out(tmp_path):
    odd = query(1, 0, rows="many", params=5, each=[5], relation=7, listed=-1)
    ((_, trace),), _ = read(tmp_path, program(odd))
    assert trace.spans[0].attrs == {"sql": "SELECT a FROM b WHERE c = ?"}


def test_what_is_no_run(tmp_path, monkeypatch):
    newer, columns = program(), program(query(1, 0))
    newer.schema = 99
    columns.trace.kind = [7]
    for run, error in ((newer, NewerSchemaError), (columns, TraceFileError)):
        with pytest.raises(error):
            read(tmp_path, run)
    with pytest.raises(RunFileError, match="is damaged or not a perfkit run"):
        analyze([stored(tmp_path, encode_run(newer)[:-5])])
    monkeypatch.setattr(runs, "MAX_RUN_BYTES", 100)
    with pytest.raises(TraceFileError, match="larger than a gigabyte"):
        read(tmp_path, program())
