"""The rules over files of traces, from the command line."""

import gzip
import io
import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from perfkit.cli import analyze as module
from perfkit.cli.entry import run
from perfkit.ingest import Analysis
from perfkit.model import Imported
from perfkit.model.storage import decode_run
from tests.ingest.make import document, n_plus_one, span, stored

SECRET = "Qz7x9Kp2Lm4"


@pytest.fixture
def traces(tmp_path, monkeypatch):
    """A file with the same loop in three traces, in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PERFKIT_FAIL_ON", raising=False)
    stored(tmp_path, [document(*n_plus_one(5 + n, f"{n + 1:032x}")) for n in range(3)])
    return "traces.json"


def analyze(*arguments):
    return run(["analyze", *map(str, arguments)])


def answer(capsys, *arguments, code=0):
    """The run that is written to stdout as JSON."""
    assert analyze(*arguments, "-f", "json") == code
    out, err = capsys.readouterr()
    assert err == ""
    return decode_run(out.encode())


def test_text(traces, capsys):
    assert analyze(traces) == 0
    out, err = capsys.readouterr()
    assert "PK101 n-plus-one-query under shop: GET /orders: 18 times in 3 traces;" in " ".join(out.split())
    assert err == ""


def test_json(traces, capsys):
    found = answer(capsys, traces)
    assert (found.kind, found.clock, found.command) == ("analysis", "wall", ["perfkit", "analyze", traces])
    assert found.imported == Imported(traces, "otlp", 3, 21)
    (row,) = found.findings
    assert (row.rule, row.count, row.traces, row.place) == ("PK101", 18, 3, "shop: GET /orders")
    assert found.warnings == []
    assert found.machine.environment.python


def test_what_was_left_out_is_told(traces, capsys):
    with open(traces, "a") as file:
        file.write(json.dumps(document(span(1, trace=""), span(2, 77))) + "\n")
    found = answer(capsys, traces)
    assert found.imported.left_out == ["left out: 1 span without a trace id"]
    assert found.warnings == [
        "taken as roots: 1 span with a parent that is not in the file",
        "left out: 1 span without a trace id",
    ]


@pytest.mark.parametrize("form", ["sarif", "github", "junit"])
def test_other_formats_go_to_stdout_or_a_file(traces, capsys, tmp_path, form):
    assert analyze(traces, "-f", form) == 0
    out = capsys.readouterr().out
    assert "PK101" in out
    assert analyze(traces, "-f", f"text,{form}", "-o", "out/found") == 0
    shown, notes = capsys.readouterr()
    assert "PK101" in shown
    assert "report: " in notes
    assert "PK101" in (tmp_path / "out" / "found").read_text()


def test_several_files_and_html(traces, capsys, tmp_path):
    assert analyze(traces, "-f", "html,json", "-o", "found.x") == 0
    assert "PK101" in (tmp_path / "found.html").read_text()
    assert decode_run((tmp_path / "found.json").read_bytes()).kind == "analysis"
    assert analyze(traces, "-f", "json", "-o", "found.json") == 2
    assert "found.json exists" in capsys.readouterr().err
    assert analyze(traces, "-f", "json", "-o", "found.json", "--force") == 0
    assert analyze(traces, "-f", "html", "-o", "-") == 0
    assert "<html" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["-f", "html"], "html is for a file; name one with -o"),
        (["-f", "json,sarif"], "json and sarif cannot both go to stdout"),
        (["-o", "x"], "-o is for another format than text"),
        (["-f", "jsno"], "Did you mean 'json'"),
        (["--format", "oltp"], "Did you mean 'otlp'"),
        (["--fail-on", "PK999"], "no rule named 'pk999'"),
        (["--fail-on", "n-plus-one-qerry"], "Did you mean 'n-plus-one-query'"),
        (["--min-spent", "50"], "is no duration"),
        (["--min-calls", "1"], "--min-calls"),
        (["-f", "json", "-o", "."], "it is a folder"),
    ],
)
def test_wrong_usage(traces, capsys, arguments, problem):
    assert analyze(traces, *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, problem in err) == ("", True)


@pytest.mark.parametrize(
    ("content", "code", "problem"),
    [
        (b"", 2, "is empty, so there is nothing to analyze"),
        (b"\0\1\2", 2, "is no JSON"),
        (b"{}", 2, "none of the formats that perfkit knows"),
        (b'{"resourceSpans": []}', 3, ""),
        (b"[]", 3, ""),
        (b'{"kind": "trace", "schema": 2}', 2, "is not a whole perfkit run"),
        (gzip.compress(b'{"resourceSpans": []}', mtime=0)[:-4], 3, ""),
    ],
)
def test_files_without_spans(traces, capsys, tmp_path, content, code, problem):
    stored(tmp_path, content)
    assert analyze(traces) == code
    out, err = capsys.readouterr()
    assert problem in err
    assert "Traceback" not in err
    assert ("INCONCLUSIVE" in out) == (code == 3)


def test_no_file(traces, capsys):
    assert analyze("none.json") == 2
    assert "perfkit: cannot read none.json: No such file or directory" in capsys.readouterr().err
    assert analyze(traces, ".") == 2
    assert "it is a folder" in capsys.readouterr().err
    assert analyze() == 2


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ([], [18]),
        (["--per-trace"], [7, 6, 5]),
        (["--min-calls", "6"], [13]),
        (["--min-calls", "2", "--per-trace"], [7, 6, 5]),
        (["--min-spent", "18ms"], [18]),
        (["--min-spent", "18.1ms"], []),
        (["--min-spent", "6ms", "--per-trace"], [7, 6]),
    ],
)
def test_thresholds(traces, capsys, arguments, counts):
    assert [row.count for row in answer(capsys, traces, *arguments).findings] == counts


def test_thresholds_are_settings(traces, capsys, monkeypatch):
    monkeypatch.setenv("PERFKIT_MIN_CALLS_IMPORTED", "7")
    assert [row.count for row in answer(capsys, traces).findings] == [7]
    monkeypatch.setenv("PERFKIT_MIN_SPENT_MS", "50")
    assert answer(capsys, traces).findings == []


@pytest.mark.parametrize(
    ("fail_on", "code"),
    [
        ("any", 1),
        ("PK101", 1),
        ("pk103, n-plus-one-query", 1),
        ("PK102", 0),
        ("never", 0),
        ("", 0),
    ],
)
def test_the_fail_level(traces, capsys, monkeypatch, fail_on, code):
    assert analyze(traces, "--fail-on", fail_on) == code
    monkeypatch.setenv("PERFKIT_FAIL_ON", fail_on)
    assert analyze(traces) == code
    assert analyze(traces, "--fail-on", "never") == 0


def test_a_file_without_spans_does_not_pass_where_it_must_not_fail(traces, tmp_path):
    stored(tmp_path, b'{"resourceSpans": []}')
    assert analyze(traces, "--fail-on", "any") == 3


def test_an_interruption_shows_what_was_found(traces, capsys, monkeypatch):
    def interrupted(names, **options):
        return Analysis([], Imported("x", "otlp", 1, 1, ["interrupted"]), [], "wall", True)

    monkeypatch.setattr("perfkit.ingest.analyze", interrupted)
    assert answer(capsys, traces, code=130).interrupted


def test_standard_input(traces, capsys, monkeypatch, tmp_path):
    packed = gzip.compress((tmp_path / traces).read_bytes())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(packed))))
    found = answer(capsys, "-")
    assert found.imported == Imported("standard input", "otlp", 3, 21)


def test_in_a_pipe(traces, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "analyze", "-", "-f", "json", "--fail-on", "any"],
        input=(tmp_path / traces).read_bytes(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (1, b"")
    assert decode_run(done.stdout).findings[0].count == 18


def test_no_value_reaches_any_output(traces, capsys, tmp_path):
    facts = {
        "db.statement": f"SELECT * FROM t WHERE a = '{SECRET}'",
        "db.user": SECRET,
        "db.connection_string": f"postgresql://app:{SECRET}@db/shop",
        "url.full": f"https://u:{SECRET}@a/{SECRET}?k={SECRET}",
        "exception.message": SECRET,
    }
    spans = n_plus_one(6)
    for one in spans:
        one["attributes"] += [{"key": key, "value": {"stringValue": text}} for key, text in facts.items()]
        one["status"] = {"code": 2, "message": SECRET}
        one["traceId"] = f"{SECRET} {SECRET}@example.com"
    whole = document(*spans)
    whole["resourceSpans"][0]["resource"]["attributes"].append(
        {"key": "process.command_args", "value": {"stringValue": SECRET}}
    )
    stored(tmp_path, whole)
    for form in module.OF_RESULTS:
        assert analyze(traces, "-f", form, "-o", "-") == 0
        out, err = capsys.readouterr()
        assert out
        assert SECRET not in out + err
