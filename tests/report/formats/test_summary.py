"""The step summary: never longer than GitHub takes, whatever is in it already."""

import pytest

from perfkit.errors import RunFileError, UsageError
from perfkit.model import Gate, Timing, Verdict
from perfkit.report.formats.markdown import MARKER, MAX_BYTES, render
from perfkit.report.formats.summary import MAX_BYTES as LIMIT
from perfkit.report.formats.summary import summary_path, write_summary
from tests.report.gate_sample import failing_gate, run_of, worse
from tests.report.sample import empty_run


@pytest.fixture
def path(tmp_path, monkeypatch):
    path = tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path


def endless():
    timings = [
        Timing(f"benchmark {n} {'é' * 120}", Verdict.REGRESSED, 1.1, reason="é" * 380) for n in range(900)
    ]
    differences = [worse(size=n, entry=f"own/s{n}", says="é" * 590) for n in range(1, 900)]
    return run_of(Gate(differences=differences, timings=timings))


def test_it_is_the_markdown_of_the_run(path):
    assert write_summary(failing_gate()) == path
    assert path.read_bytes() == render(failing_gate())


def test_it_is_added_to_what_is_there(path):
    path.write_text("## Tests\n")
    write_summary(empty_run())
    write_summary(empty_run())
    assert path.read_text().startswith(f"## Tests\n\n{MARKER}\n### ")
    assert path.read_text().count(MARKER) == 2


@pytest.mark.parametrize("before", [0, 1, 500_000, LIMIT - 3_000])
def test_it_never_grows_beyond_what_github_takes(path, before):
    path.write_bytes(b"x" * before)
    assert write_summary(endless()) == path
    assert path.stat().st_size <= LIMIT
    assert path.read_text().endswith(
        ("the run's other reports have more.\n", "have all of it.\n", "</sub>\n")
    )
    if before == 0:
        assert path.stat().st_size > MAX_BYTES  # a summary has room for more rows than a comment
        assert "rows not shown here" in path.read_text()


@pytest.mark.parametrize("before", [LIMIT - 999, LIMIT, LIMIT + 5])
def test_into_a_full_one_nothing_is_written(path, before):
    path.write_bytes(b"x" * before)
    assert write_summary(failing_gate()) is None
    assert path.stat().st_size == before


def test_outside_of_github_it_says_so(monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    with pytest.raises(UsageError, match="GITHUB_STEP_SUMMARY is not set: --github is for a step of GitHub"):
        write_summary(empty_run())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "")
    with pytest.raises(UsageError):
        summary_path()


def test_a_place_that_cannot_be_written(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "gone" / "summary.md"))
    with pytest.raises(RunFileError, match=r"summary\.md, which GITHUB_STEP_SUMMARY names: No such file"):
        write_summary(empty_run())
