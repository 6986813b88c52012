"""Code Quality as GitLab takes it: five keys, unique fingerprints, paths inside the repository."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perfkit.model import Frame
from perfkit.report.formats.gitlab import render
from tests.report.formats.runs import HOSTILE, RUNS
from tests.report.gate_sample import failing_gate
from tests.report.sample import failing_run, sample_run, trace_run

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def entries_of(run):
    return json.loads(render(run))


def run_at(*frames):
    run = trace_run()
    run.findings = [replace(run.findings[0], site=frames[0] if frames else None, path=tuple(frames))]
    return run


@pytest.mark.parametrize("name", RUNS)
def test_each_entry_has_what_gitlab_asks_for(name):
    entries = entries_of(RUNS[name]())
    for entry in entries:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["description"]
        assert entry["check_name"]
        assert entry["severity"] in SEVERITIES
        path, lines = entry["location"]["path"], entry["location"]["lines"]
        assert path
        assert not re.match(r"/|\.|[A-Za-z]:", path)
        assert ".." not in path.split("/")
        assert list(lines) == ["begin"]
        assert type(lines["begin"]) is int
        assert lines["begin"] >= 1
    prints = [entry["fingerprint"] for entry in entries]
    assert len(prints) == len(set(prints))


def test_a_finding():
    (entry,) = entries_of(trace_run())
    assert entry == {
        "description": "n-plus-one-request, 60 times: spent 7.80 s; predicted saving 7.00 s. Send up to 50 "
        "of these calls (crm.activity.list) in one batch request; or ask once with a list.",
        "check_name": "PK102 n-plus-one-request",
        "fingerprint": trace_run().findings[0].identity,
        "severity": "major",
        "location": {"path": "app/report.py", "lines": {"begin": 41}},
    }


def test_a_fingerprint_survives_edits_elsewhere():
    before, after = (run_at(Frame("app/report.py", line, "fetch")) for line in (41, 57))
    assert entries_of(before)[0]["fingerprint"] == entries_of(after)[0]["fingerprint"]


def test_two_findings_that_look_alike_are_both_shown():
    run = trace_run()
    one = run.findings[0]
    run.findings = [one, replace(one, site=Frame("app/report.py", 70, "fetch"))]
    first, second = entries_of(run)
    assert second["fingerprint"] == f"{first['fingerprint']}-2"


OUTSIDE = ["/usr/lib/x.py", "C:\\x.py", "../x.py", "a/../../x.py", "<string>", "", "~/x"]


@pytest.mark.parametrize("outside", OUTSIDE)
def test_a_path_outside_of_the_repository_is_left_out(outside):
    run = run_at(Frame(outside, 5, "f"), Frame("./app/views.py", 9, "page"))
    assert entries_of(run)[0]["location"] == {"path": "app/views.py", "lines": {"begin": 9}}
    run = run_at(Frame(outside, 5, "f"))
    assert entries_of(run)[0]["location"] == {"path": "app/report.py", "lines": {"begin": 1}}
    run.command = ["perfkit", "run", "-m", "app"]
    assert entries_of(run)[0]["location"] == {"path": "perfkit", "lines": {"begin": 1}}


def test_severities():
    assert {entry["severity"] for entry in entries_of(sample_run(groups=("aiohttp",)))} == {"major", "info"}
    assert entries_of(failing_run())[0]["severity"] == "blocker"
    gate = entries_of(failing_gate())
    assert [entry["severity"] for entry in gate] == ["critical"] * 4 + ["minor"] * 3
    assert gate[0]["check_name"] == "gate-worse"
    assert gate[0]["location"] == {"path": "app/views.py", "lines": {"begin": 41}}


def test_targets():
    entries = {entry["check_name"]: entry for entry in entries_of(RUNS["targets"]())}
    assert entries["target-missed"]["severity"] == "critical"
    assert entries["target-missed"]["description"].startswith("shop/page at 100 rows: query is 7.25 ms")
    assert entries["target-unknown"]["severity"] == "minor"


def test_a_new_finding_is_told_once():
    entries = entries_of(RUNS["against"]())
    found = [entry for entry in entries if "Send up to 50" in entry["description"]]
    assert [entry["check_name"] for entry in found] == ["gate-worse", "PK102 n-plus-one-request"]
    assert found[0]["description"].startswith("new finding PK102 leads own/serial")
    assert found[0]["location"] == {"path": "app/views.py", "lines": {"begin": 41}}


def test_a_strategy_that_fails_is_at_its_file():
    run = failing_run()
    run.scenarios[0].file = "leads.py"
    assert entries_of(run)[0]["location"]["path"] == "scenarios/leads.py"


def test_nothing_found_is_an_empty_list():
    assert render(RUNS["empty"]()) == b"[]\n"


@given(st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_path_escapes(file):
    (entry,) = entries_of(run_at(Frame(file, -3, HOSTILE)))
    path = entry["location"]["path"]
    assert not path.startswith(("/", "../", "~", "./"))
    assert ".." not in path.split("/")
