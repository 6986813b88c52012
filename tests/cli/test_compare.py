"""``perfkit compare`` as it is called."""

import json
import shutil
from pathlib import Path

import pytest

from perfkit.model.storage import read_run

pytestmark = pytest.mark.once

FILES = Path(__file__).parent.parent / "bench" / "compare" / "files"


@pytest.fixture
def files(project):
    """The files of the real tools, in the project."""
    for path in FILES.glob("*.json"):
        shutil.copy(path, project)
    return project


def test_two_runs_of_hyperfine(perfkit, files):
    done = perfkit("compare", "hyperfine_base.json", "hyperfine_head.json", check=1)
    assert done.stdout.startswith("FAIL: 1 of 2 benchmarks got slower, python import.py by +12.")
    assert "base hyperfine_base.json, head hyperfine_head.json\n" in done.stdout
    assert str(files) not in done.stdout


def test_the_exit_code_is_the_verdict(perfkit, files):
    assert "byte for byte" in perfkit("compare", "pyperf_base.json", "pyperf_base.json", check=0).stdout
    same_code = perfkit("compare", "pytest_benchmark_base.json", "pytest_benchmark_head.json", check=3)
    assert same_code.stdout.startswith("INCONCLUSIVE: 2 of 2 benchmarks could not be decided")


def test_a_bench_beside_itself_and_beside_another_seed(perfkit, files):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        perfkit("bench", "shop", "--size", 10, "--seed", seed, "-o", f"{name}.json", "--no-report")
    assert "no change" in perfkit("compare", "a.json", "b.json", check=0).stdout.splitlines()[0]
    (files / "reports").mkdir()
    for number, name in enumerate("ab"):
        (files / f"{name}.json").rename(files / "reports" / f"run-{number}.json")
    named = perfkit("compare", "run-0", "run-1", check=0).stdout
    assert "no change" in named.splitlines()[0]
    assert str(files) not in named
    assert "Did you mean 'run-1'" in perfkit("compare", "run-0", "rum-1", check=2).stderr
    shutil.copy(files / "reports" / "run-0.json", files / "a.json")
    other = perfkit("compare", "a.json", "c.json", check=3)
    assert other.stdout.startswith("INCONCLUSIVE: 1 figure is measured with other inputs")


@pytest.mark.parametrize(
    ("form", "start"),
    [
        ("json", '{"kind":"compare"'),
        ("md", "<!-- perfkit -->\n### ❌ perfkit: FAIL: "),
        ("github", "::error title=perfkit compare%3A slower::python import.py: regressed, +12"),
        ("junit", '<?xml version="1.0"'),
        ("sarif", "{"),
        ("html", "<!doctype html>"),
        ("gitlab", "[\n {"),
        ("openmetrics", "# TYPE perfkit_run info"),
        ("csv", "what,baseline,entry,metric"),
    ],
)
def test_every_format_goes_to_stdout(form, start, perfkit, files):
    done = perfkit("compare", "hyperfine_base.json", "hyperfine_head.json", "-f", form, check=1)
    assert done.stdout.startswith(start)


def test_it_is_stored_and_shown_again(perfkit, files):
    perfkit("compare", "hyperfine_base.json", "hyperfine_head.json", "-o", "kept/run.json", check=1)
    assert read_run(files / "kept" / "run.json").kind == "compare"
    perfkit("report", "kept/run.json", "-f", "md,html", check=0)
    assert (files / "kept" / "run.md").read_text(encoding="utf-8").startswith("<!-- perfkit -->\n### ❌")
    again = perfkit("compare", "hyperfine_base.json", "hyperfine_head.json", "-o", "kept/run.json", check=2)
    assert "--force" in again.stderr


def test_what_cannot_be_compared_is_one_clear_sentence(perfkit, files):
    (files / "empty.json").write_text("")
    (files / "other.json").write_text(json.dumps({"results": [{"command": "ls", "min": 1, "median": 1}]}))
    for base, code, says in (
        ("missing.json", 2, "cannot read missing.json: there is no such file"),
        ("empty.json", 2, "empty.json is empty; read are perfkit's stored runs"),
        ("pyperf_base.json", 2, "is a run of pyperf and hyperfine_head.json one of hyperfine"),
        ("other.json", 3, "no benchmark is in both files: other.json has ls; "),
    ):
        done = perfkit("compare", base, "hyperfine_head.json", check=code)
        assert done.stderr.startswith("perfkit: ")
        assert says in done.stderr
        assert done.stdout == ""


def test_in_github_there_is_a_summary_and_annotations_behind_the_text(perfkit, files):
    two = ("compare", "hyperfine_base.json", "hyperfine_head.json", "--github")
    given = {"GITHUB_STEP_SUMMARY": str(files / "summary.md")}
    done = perfkit(*two, check=1, env=given)
    assert done.stdout.startswith("FAIL: 1 of 2 benchmarks got slower")
    assert "\n::error title=perfkit compare%3A slower::python import.py" in done.stdout
    assert (files / "summary.md").read_text().startswith("<!-- perfkit -->\n### ❌ perfkit: FAIL: ")
    done = perfkit(*two, "-f", "json", check=1, env=given)
    assert json.loads(done.stdout)["kind"] == "compare"
    assert "::error title=perfkit compare%3A slower" in done.stderr
    assert perfkit(*two, "-f", "github", check=1, env=given).stdout.count("::error") == 1
    assert "GITHUB_STEP_SUMMARY is not set" in perfkit(*two, check=2, env={"GITHUB_STEP_SUMMARY": ""}).stderr
