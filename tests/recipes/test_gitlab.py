"""docs/ci/gitlab.yml, carried out on the same project."""

import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.recipes import repository
from tests.recipes.pipelines import gitlab_job, load

ROOT = Path(__file__).parents[2]
PIPELINE = load((ROOT / "docs/ci/gitlab.yml").read_text(encoding="utf-8"))

pytestmark = pytest.mark.once


@pytest.fixture
def run(checked_out, shop):
    def carry_out(name, branch, **more):
        base = subprocess.run(["git", "rev-parse", "main"], cwd=shop, capture_output=True, text=True)
        given = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": base.stdout.strip(), **more}
        folder, environment = checked_out(branch, name=f"{name}-{branch}", **given)
        return gitlab_job(PIPELINE, name, folder, environment), folder / "gate" / "run.xml"

    return carry_out


def test_one_query_more_is_stopped_and_shown_in_the_merge_request(run):
    job, junit = run("counters", "regressing")
    assert job.failed == ["script: 1"], job.output
    failures = ET.parse(junit).iter("failure")
    assert any("SELECT name FROM customers WHERE id = ?" in ET.tostring(each, "unicode") for each in failures)
    reports = {name: Path(path) for name, path in PIPELINE[".perfkit"]["artifacts"]["reports"].items()}
    assert set(reports) == {"junit", "codequality", "metrics"}
    assert reports["junit"] == Path("gate/run.xml")
    folder = junit.parents[1]
    (stopped,) = (
        entry
        for entry in json.loads((folder / reports["codequality"]).read_text(encoding="utf-8"))
        if "SELECT name FROM customers WHERE id = ?" in entry["description"]
        and entry["location"] == {"path": "orders.py", "lines": {"begin": repository.EXTRA_LINE}}
    )
    assert stopped["severity"] == "critical"
    assert 'perfkit_outcome="fail"} 1' in (folder / reports["metrics"]).read_text(encoding="utf-8")


def test_code_that_changes_nothing_passes(run):
    job, junit = run("counters", "harmless")
    assert job.failed == [], job.output
    assert not list(ET.parse(junit).iter("failure"))


def test_a_slower_page_is_stopped(run):
    job, junit = run("times", "regressing")
    assert job.failed == ["script: 1"], job.output
    assert "test_page" in junit.read_text(encoding="utf-8")


def test_the_base_is_fetched_where_it_is_needed():
    assert PIPELINE["times"]["variables"] == {"GIT_DEPTH": "0"}
