"""JUnit XML as a CI system's test page shows it."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perfkit.model import Finding, Frame, Outcome
from perfkit.report.formats.junit import MEANT, SEEN, render
from tests.report.formats import runs
from tests.report.sample import empty_run, failing_run, hostile_run, sample_run, trace_run

RUNS = {
    **runs.RUNS,
    "broken": lambda: hostile_run("]]></failure>\x00\x1b\ud800\ufffe&<b>\"'"),
}


def suites_of(run):
    root = ET.fromstring(render(run))
    assert root.tag == "testsuites"
    return root


def cases_of(run):
    return list(suites_of(run).iter("testcase"))


@pytest.mark.parametrize("name", RUNS)
def test_the_counts_are_those_of_the_cases(name):
    root = suites_of(RUNS[name]())
    assert list(root.iter("testcase"))
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.get("tests")) == len(cases)
        assert int(element.get("failures")) == sum(case.find("failure") is not None for case in cases)
        assert int(element.get("skipped")) == sum(case.find("skipped") is not None for case in cases)
        assert element.get("errors") == "0"
        total = sum(float(case.get("time")) for case in cases)
        assert float(element.get("time")) == pytest.approx(total, abs=1e-4)


@pytest.mark.parametrize("name", RUNS)
def test_no_two_cases_have_one_name(name):
    names = [(case.get("classname"), case.get("name")) for case in cases_of(RUNS[name]())]
    assert len(names) == len(set(names))


def test_a_finding_is_a_failing_case():
    (case,) = cases_of(trace_run())
    assert case.get("classname") == "PK102 n-plus-one-request"
    assert case.get("name").startswith("app/report.py in fetch: POST portal.test/rest/crm.activity.list")
    assert (case.get("file"), case.get("line"), case.get("time")) == ("app/report.py", "41", "7.800000")
    failure = case.find("failure")
    assert failure.get("type") == "PK102"
    assert failure.get("message") == "n-plus-one-request, 60 times: spent 7.80 s; predicted saving 7.00 s."
    lines = failure.text.split("\n")
    assert lines[0] == "PK102 at app/report.py:41 in fetch"
    assert lines[-1] == "Called from: scenarios/leads.py:20 in count"
    assert any(line.startswith("Fix: Send up to 50") for line in lines)


def test_without_findings_one_case_passes():
    run = trace_run()
    run.findings = []
    (case,) = cases_of(run)
    assert (case.get("classname"), case.get("name"), list(case)) == ("perfkit", "no findings", [])


def test_where_nothing_was_looked_at_nothing_passes():
    (case,) = cases_of(empty_run(kind="trace"))
    assert case.find("skipped").get("message") == "nothing was measured"


def test_a_name_holds_no_line_and_no_count():
    run, edited = trace_run(), trace_run()
    site = Frame("app/report.py", 977, "fetch")
    edited.findings = [replace(edited.findings[0], site=site, count=5)]
    assert cases_of(run)[0].get("name") == cases_of(edited)[0].get("name")


def test_one_operation_on_two_lines_is_two_cases():
    run = trace_run()
    run.findings.append(replace(run.findings[0], site=Frame("app/report.py", 50, "fetch")))
    first, second = (case.get("name") for case in cases_of(run))
    assert second == f"{first} (2)"


def test_a_scenario_is_a_suite_with_its_strategies():
    root = suites_of(failing_run())
    assert [suite.get("name") for suite in root] == ["perfkit.leads"]
    strategies = {c.get("name"): c for c in root.iter("testcase") if c.get("classname") == "leads.strategies"}
    failed = {name for name, case in strategies.items() if case.find("failure") is not None}
    # the outcome of the run, and nothing else: flawed strategies may fail
    assert failed == {"aiohttp_batched", "aiohttp_concurrent"}
    assert "ValueError: no 'result' in the answer" in strategies["aiohttp_batched"].find("failure").text
    assert len(strategies) == 8


def test_findings_of_a_run_that_passes_do_not_fail():
    run = sample_run(groups=("aiohttp",))
    assert run.outcome is Outcome.PASS
    cases = cases_of(run)
    assert [case for case in cases if case.find("failure") is not None] == []
    reasons = [case.find("skipped").get("message").partition(":")[0] for case in cases if case.get("file")]
    assert sorted(set(reasons)) == [SEEN, MEANT]


def test_a_wrong_answer_is_a_failure():
    run = sample_run(groups=("aiohttp",))
    cell = next(cell for cell in run.scenarios[0].cells if cell.strategy == "aiohttp_batched")
    cell.findings.append(Finding("PK501", "results-differ", "another answer", 1, 0))
    failed = [case for case in cases_of(run) if case.find("failure") is not None]
    assert [case.get("classname") for case in failed] == ["PK501 results-differ"]


@given(st.text(st.characters(), min_size=1))
@settings(max_examples=80, deadline=None)
def test_any_text_is_valid_xml(text):
    run = trace_run()
    run.findings = [replace(run.findings[0], name=text, template=text, fix=text, site=Frame(text, 1, text))]
    assert len(cases_of(run)) == 1


def test_the_same_run_gives_the_same_bytes():
    assert render(sample_run()) == render(sample_run())
    assert render(sample_run()).startswith(b'<?xml version="1.0" encoding="utf-8"?>\n<testsuites ')


def test_each_target_is_a_case():
    cases = {
        c.get("name"): c for c in cases_of(runs.RUNS["targets"]()) if c.get("classname") == "perfkit.targets"
    }
    met, missed, unknown = (
        cases[f"{one.metric}: {one.scope}"] for one in (runs.MET, runs.MISSED, runs.UNKNOWN)
    )
    assert list(met) == []
    assert missed.find("failure").get("message") == runs.MISSED.problem()
    assert missed.find("failure").get("type") == "target-missed"
    assert unknown.find("skipped").get("message").endswith("memory not measured")


def test_beside_a_base_what_it_had_is_skipped():
    found = [case for case in cases_of(runs.RUNS["against"]()) if case.get("classname").startswith("PK102")]
    messages = [case.find("skipped").get("message").partition(":")[0] for case in found]
    assert sorted(messages) == ["known", "only in strategies that are there to be slow or wrong"]


def test_a_recording_beside_another_shows_its_findings_too():
    run = trace_run()
    run.gate = runs.RUNS["against"]().gate
    assert {suite.get("name") for suite in suites_of(run)} == {"perfkit", "perfkit.gate"}


def test_a_tuning_without_a_choice_fails():
    (case,) = cases_of(runs.RUNS["tune failed"]())
    assert case.get("classname") == "perfkit.tune.calls"
    assert "no setting of parallel <1> on own keeps the limits" in case.find("failure").get("message")
    (case,) = cases_of(runs.RUNS["tune"]())
    assert list(case) == []
