"""docs/ci/github.yml, carried out on a project with a base, a regressing and a harmless branch."""

from pathlib import Path

import pytest

from perfkit.report.formats.markdown import MARKER
from tests.recipes import repository
from tests.recipes.pipelines import github_job, load

ROOT = Path(__file__).parents[2]
JOBS = load((ROOT / "docs/ci/github.yml").read_text(encoding="utf-8"))["jobs"]

pytestmark = pytest.mark.once  # it takes both gates, and many processes


@pytest.fixture
def run(checked_out, tmp_path):
    """A function: a job on a branch of the project, and the step summary it wrote."""

    def carry_out(job, branch, *options, **more):
        summary = tmp_path / "summary.md"
        summary.write_text("")
        given = {"GITHUB_STEP_SUMMARY": str(summary), "GITHUB_BASE_REF": "main", **more}
        folder, environment = checked_out(branch, *options, name=f"{job}-{branch}", **given)
        return github_job(JOBS[job], folder, environment), summary.read_text(encoding="utf-8"), folder

    return carry_out


def test_one_query_more_is_stopped_with_its_line(run):
    job, summary, folder = run("counters", "regressing")
    assert job.failed == ["Gate: 1"], job.output
    (annotation,) = [line for line in job.output.splitlines() if line.startswith("::error file=orders.py")]
    assert f"line={repository.EXTRA_LINE}," in annotation
    assert "SELECT name FROM customers WHERE id = ?" in annotation
    assert f"orders.py:{repository.EXTRA_LINE}" in summary
    assert {each.name for each in (folder / "gate").iterdir()} == {
        "counters.json",
        "counters.md",
        "counters.html",
    }


def test_code_that_changes_nothing_passes(run):
    job, summary, _ = run("counters", "harmless")
    assert job.failed == [], job.output
    assert "PASS" in summary
    assert "::error" not in job.output


def test_without_a_baseline_the_job_fails_and_says_what_to_do(run):
    job, _, _ = run("counters", "unrecorded")
    assert job.failed == ["Gate: 3"], job.output
    assert "perfkit gate --update" in job.output


def test_a_slower_page_is_stopped(run):
    job, summary, _ = run("times", "regressing")
    assert job.failed == ["Gate: 1"], job.output
    assert "test_page" in summary
    assert "regressed" in summary


def test_a_shallow_clone_is_refused_and_told_apart(run):
    """As the job would be without ``fetch-depth: 0``."""
    job, summary, _ = run("times", "regressing", "--depth=1")
    assert job.failed == ["Gate: 3"], job.output
    assert "fetch-depth: 0" in job.output
    assert summary == ""


def comment(checked_out, long="", **more):
    folder, environment = checked_out("harmless", NUMBER="7", GH_REPO="team/shop", **more)
    (folder / "gate").mkdir()
    (folder / "gate" / "counters.md").write_text(f"{MARKER}\ncounters say{long}\n", encoding="utf-8")
    (folder / "gate" / "times.md").write_text(f"{MARKER}\ntimes say\n")
    return github_job(JOBS["comment"], folder, environment)


def test_both_results_are_one_comment(checked_out, programs):
    job = comment(checked_out, GH_TOKEN="given")
    assert job.failed == [], job.output
    assert repository.sent(programs) == "<!-- perfkit -->\ncounters say\n<!-- perfkit -->\ntimes say\n"
    assert repository.asked(programs)[1] == "pr comment 7 --body-file comment.txt"


def test_a_comment_is_never_longer_than_github_takes(checked_out, programs):
    job = comment(checked_out, long="é" * 40_000, GH_TOKEN="given")
    assert job.failed == [], job.output
    sent = repository.sent(programs)
    assert sent.startswith(f"{MARKER}\ncounters sayéé")
    assert 60_000 < len(sent.encode()) <= 65_000


def test_the_comment_of_before_is_changed(checked_out, programs):
    job = comment(checked_out, GH_TOKEN="given", GH_COMMENT_ID="41")
    assert job.failed == [], job.output
    finding, changing = repository.asked(programs)
    assert "repos/team/shop/issues/7/comments" in finding
    assert changing == "api --silent -X PATCH repos/team/shop/issues/comments/41 -F body=@comment.txt"


def test_without_a_token_nobody_is_asked(checked_out, programs):
    job = comment(checked_out)
    assert job.failed == [], job.output
    assert repository.asked(programs) == []


def test_a_token_that_may_not_write_fails_nothing(checked_out, programs):
    """As a pull request's from a fork; the job's ``if`` keeps it from being tried at all."""
    job = comment(checked_out, GH_TOKEN="read only", GH_FAILS="1")
    assert job.failed == [], job.output
    assert "::notice title=perfkit::no comment" in job.output
    assert "head.repo.full_name == github.repository" in JOBS["comment"]["if"]


def test_the_base_is_fetched_where_it_is_needed():
    (checkout,) = [step for step in JOBS["times"]["steps"] if "checkout" in step.get("uses", "")]
    assert checkout["with"] == {"fetch-depth": "0"}
