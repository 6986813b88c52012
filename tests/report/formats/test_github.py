"""Annotations as the runner of GitHub Actions reads them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from perfkit.model import Frame
from perfkit.report.formats.github import MAX_ANNOTATIONS, render
from tests.report.formats import runs
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run


def read(run):
    """Each line as the runner takes it: command, properties, message."""
    found = []
    for line in render(run).decode().removesuffix("\n").split("\n"):
        match = re.fullmatch(r"::([a-z]+)(?: ([^\n]*?))?::(.*)", line)
        if match is None:
            found.append(("", {}, line))
            continue
        properties = dict(part.split("=", 1) for part in (match[2] or "").split(","))
        found.append((match[1], {k: unescaped(v) for k, v in properties.items()}, unescaped(match[3])))
    return found


def unescaped(text):
    for code, character in (("3A", ":"), ("2C", ","), ("0D", "\r"), ("0A", "\n"), ("25", "%")):
        text = text.replace(f"%{code}", character)
    return text


def test_a_finding_is_a_warning_at_its_line():
    ((command, properties, message),) = read(trace_run())
    assert command == "warning"
    assert properties == {
        "file": "app/report.py",
        "line": "41",
        "endLine": "41",
        "title": "PK102 n-plus-one-request",
    }
    first, operation, fix, *_ = message.split("\n")
    assert first == "n-plus-one-request, 60 times: spent 7.80 s; predicted saving 7.00 s."
    assert operation.startswith("Operation: POST portal.test/rest/crm.activity.list")
    assert fix.startswith("Fix: Send up to 50 of these calls")


def test_a_finding_without_a_line_names_its_place_instead_of_a_file():
    _, properties, message = read(analysis_run())[0]
    assert properties == {"title": "PK101 n-plus-one-query"}
    assert message.split("\n")[:2] == [
        "n-plus-one-query, 20,000 times in 400 traces: spent 90.0 s; predicted saving 80.0 s.",
        "Place: GET /orders > load",
    ]


def test_levels():
    assert [command for command, _, _ in read(sample_run(groups=("aiohttp",)))] == ["warning", "notice"]


@pytest.mark.parametrize("count", [9, 10, 11, 400])
def test_at_most_ten_the_worst_first_and_how_many_more(count):
    lines = read(analysis_run(findings=count))
    assert len([line for line in lines if line[0] == "warning"]) == min(count, MAX_ANNOTATIONS)
    assert lines[0][1]["title"] == "PK101 n-plus-one-query"
    if count <= MAX_ANNOTATIONS:
        assert len(lines) == count
    else:
        more = "1 more finding" if count == 11 else f"{count - 10} more findings"
        assert lines[10:] == [("notice", {"title": "perfkit"}, f"{more} not shown here; the report has all.")]


def test_what_makes_a_run_fail_comes_first_and_takes_a_place():
    run = failing_run()
    run.findings = analysis_run(findings=30).findings
    lines = read(run)
    assert lines[0] == ("error", {"title": "perfkit"}, "\n".join(run.problems()))
    assert len(lines) == MAX_ANNOTATIONS + 1
    assert lines[-1][2] == "23 more findings not shown here; the report has all."


def test_many_problems_are_cut_and_it_is_said():
    run = failing_run()
    (scenario,) = run.scenarios
    for number, cell in enumerate(scenario.cells):
        cell.status, cell.error = "failed", f"error {number}"
    problems = read(run)[0][2].split("\n")
    assert len(run.problems()) > len(problems) == 21
    assert problems[-1] == f"and {len(run.problems()) - 20} more problems"


@pytest.mark.parametrize("run", [empty_run, sample_run], ids=["empty", "without findings"])
def test_without_findings_there_is_no_annotation(run):
    run = run()
    for scenario in run.scenarios:
        for cell in scenario.cells:
            cell.findings = []
    assert render(run) == b"perfkit: no findings\n"


@given(st.text(alphabet=st.sampled_from("a:,%=\r\n 0AD3\u2028"), min_size=1))
@settings(max_examples=80, deadline=None)
def test_any_text_comes_back_and_starts_no_command(text):
    run = trace_run()
    run.findings = [
        replace(run.findings[0], site=Frame(text, -3, text), path=(), template=f"x{text}x", fix=text)
    ]
    ((command, properties, message),) = read(run)
    assert (command, properties["file"], properties["line"]) == ("warning", text, "1")
    assert message.startswith("n-plus-one-request, 60 times")


def test_hostile_text_stays_in_its_line():
    lines = render(hostile_run("\r\n::stop-commands::x\n::set-output name=a::b%0A::error::\ud800")).decode()
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines.splitlines())
    assert not re.search(r"^::(stop|set)", lines, re.MULTILINE)


def test_a_missed_target_is_an_error():
    errors = [message for command, _, message in read(runs.RUNS["targets"]()) if command == "error"]
    assert errors == [f"{runs.MISSED.problem()}\nthe slowest query"]
    titles = [properties["title"] for _, properties, _ in read(runs.RUNS["targets"]())]
    assert titles[:2] == ["perfkit: target missed: query", "perfkit: target not measured: memory"]


def test_beside_a_base_known_findings_take_no_place():
    lines = read(runs.RUNS["against"]())
    new = [(properties, message) for command, properties, message in lines if "new finding" in message]
    assert new[0][0]["file"] == "app/views.py"
    assert any("Fix: Send up to 50" in message for _, message in new)
    assert not [properties for _, properties, _ in lines if properties.get("title", "").startswith("PK102")]
    assert lines[-1][2].startswith("perfkit: FAIL: ")
