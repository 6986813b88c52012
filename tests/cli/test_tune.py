import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfkit.model.storage import read_run

pytestmark = pytest.mark.once

JOBS = Path(__file__).parent.parent / "bench" / "tuning" / "jobs.py"


@pytest.fixture
def jobs(project):
    shutil.copy(JOBS, project / "scenarios" / "jobs.py")
    return project


def stored(project, ending):
    return sorted(path.name for path in (project / "reports").iterdir() if path.name.endswith(ending))


def test_it_finds_the_knee_and_keeps_run_report_and_pictures(perfkit, jobs):
    done = perfkit("tune", "workers", check=0)
    assert "limit 6: elapsed_ns 2 s, the least of 7 settings." in done.stdout
    assert "Knee by Little's law: the service gives at most 60 requests/s x 100 ms = 6 in" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    (run,) = stored(jobs, "-tune-workers.json")
    assert read_run(jobs / "reports" / run).tunings[0].chosen == {"limit": 6}
    stem = run.removesuffix(".json")
    for ending in (".html", ".heatmap.svg", ".heatmap.png"):
        assert (jobs / "reports" / f"{stem}{ending}").stat().st_size > 1000
    shown = perfkit("report", "-f", "text", check=0)
    assert shown.stdout == done.stdout
    advice = perfkit("tune", "--suggest", jobs / "reports" / run, check=0)
    assert "Set limit to 6, not 2." in advice.stdout


def test_list_names_what_can_be_tuned(perfkit, jobs):
    listed = perfkit("list", check=0).stdout
    assert "    tunable     bounded (limit)\n" in listed
    assert listed.count("tunable") < listed.count("strategies")


def test_json_and_html_on_stdout_stand_alone(perfkit, jobs):
    done = perfkit("tune", "workers", "--runs", "4", "-f", "json", "-o", "mine.json", check=0)
    assert json.loads(done.stdout)["tunings"][0]["strategy"] == "bounded"
    assert read_run(jobs / "mine.json").kind == "tune"
    assert (jobs / "mine.heatmap.png").exists()
    done = perfkit("tune", "workers", "--runs", "4", "-f", "html", "-o", "mine.json", "--force", check=0)
    assert done.stdout.startswith("<!doctype html>")
    assert "<svg" in done.stdout


def test_no_setting_that_keeps_the_limits_is_exit_code_1(perfkit, jobs):
    done = perfkit("tune", "refused", "--strategy", "greedy", check=1)
    assert "FAIL: refused: no setting of greedy on default keeps the limits" in done.stdout
    assert "no setting of greedy on default keeps" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "name a scenario to tune"),
        (["plain"], "scenario plain has no strategy with parameters; declare some"),
        (["wokers"], "Did you mean 'workers'"),
        (["workers", "--strategy", "serial"], "strategy serial has no parameters"),
        (["workers", "--budget", "60"], "is no duration"),
        (["workers", "--size", "7"], "no size named '7'"),
        (["workers", "-o", "pyproject.toml"], "exists"),
        (["scenarios/jobs.py"], "has several scenarios with parameters; name one: workers, refused"),
        (["workers", "--suggest", "run.json"], "leave workers out"),
        (["--suggest", "nowhere.json"], "cannot read nowhere.json"),
        (["--suggest", "nowhere.json", "-f", "html"], "as text or json"),
    ],
)
def test_bad_input_is_one_clear_message_and_exit_code_2(perfkit, jobs, arguments, says):
    done = perfkit("tune", *arguments, check=2)
    assert says in done.stderr
    assert done.stdout == ""


def test_suggestions_for_a_bench(perfkit, project):
    perfkit("bench", "shop", "-o", "run.json", "--no-report", check=0)
    done = perfkit("tune", "--suggest", "run.json", check=0)
    assert done.stdout.startswith("1. ")
    assert "PK102" in done.stdout
    assert "Looked at " in done.stdout
    found = json.loads(perfkit("tune", "--suggest", "run.json", "-f", "json", check=0).stdout)
    assert found["advice"][0]["worth_ns"] > 0


def test_ctrl_c_keeps_what_was_measured(jobs):
    file, reached = jobs / "scenarios" / "jobs.py", jobs / "reached"
    whole = "async def bounded(world, size, *, limit=2):\n"
    stuck = f"    while limit == 10:\n        open({str(reached)!r}, 'w').close()\n"
    assert whole in file.read_text()
    file.write_text(file.read_text().replace(whole, whole + stuck))
    command = [sys.executable, "-m", "perfkit", "tune", "workers", "--workers", "1", "-o", "cut.json"]
    child = subprocess.Popen(
        command, cwd=jobs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not reached.exists():
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    out, error = child.communicate(timeout=60)
    assert child.returncode == 130, error
    assert "interrupted: only what was measured before is shown" in out
    run = read_run(jobs / "cut.json")
    assert run.interrupted
    assert {1, 2, 5, 20} == {point.parameters["limit"] for point in run.tunings[0].points}
