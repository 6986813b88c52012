import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfkit.model.storage import read_run

from .conftest import SHOP

pytestmark = pytest.mark.once

QUICK = ("bench", "shop", "--size", "10", "--no-report")
"""Pages and pictures take a second of a process."""


def stored(project):
    return sorted((project / "reports").glob("2*.json*"))


def test_it_compares_keeps_the_run_and_writes_the_report(perfkit, project):
    done = perfkit("bench", "shop", check=0)
    assert "batched_concurrent" in done.stdout
    assert "PK102" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    (path,) = stored(project)
    assert read_run(path).outcome.value == "pass"
    (report,) = (project / "reports").glob("2*.html")
    assert str(report) in done.stderr


def test_json_on_stdout_parses_alone(perfkit):
    done = perfkit(*QUICK, "--strategy", "batched", "-f", "json", check=0)
    document = json.loads(done.stdout)
    assert [cell["strategy"] for cell in document["scenarios"][0]["cells"]] == ["serial", "batched"]


def test_two_runs_print_the_same_result_section(perfkit):
    first, second = (
        json.loads(
            perfkit(
                "bench", "shop", "--no-report", "-f", "json", env={"PYTHONHASHSEED": seed}, check=0
            ).stdout
        )["scenarios"]
        for seed in ("1", "2")
    )
    assert first == second


def test_a_file_outside_the_project(perfkit, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    mine = elsewhere / "mine.py"
    mine.write_text(SHOP.read_text())
    perfkit("bench", mine, "--size", "10", "--strategy", "batched", "--no-report", check=0)


def test_a_strategy_that_goes_wrong_fails_the_run_and_keeps_the_rest(perfkit, project):
    done = perfkit("bench", "wrong", "--timeout", "3", "--no-report", check=1)
    assert "no such order" in done.stdout
    assert "deadlock" in done.stdout
    (path,) = stored(project)
    statuses = {cell.strategy: cell.status for cell in read_run(path).scenarios[0].cells}
    assert statuses["right"] == "ok"
    assert statuses["burns_for_ever"] == "timeout"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["shpo"], "no scenario named 'shpo'. Did you mean 'shop'"),
        (["shop", "--strategy", "serail"], "no strategy named 'serail'. Did you mean 'serial'"),
        (["shop", "--size", "11"], "no size named '11'. Did you mean '10'"),
        (["shop", "--size", "x"], "is no whole number"),
        (["shop", "--world", "moon"], "no world named 'moon'"),
        (["shop", "--clock", "wal"], "wal"),
        (["shop", "--colck", "wall"], "--clock"),
        (["nowhere.py"], "no scenario file"),
        (["shop", "-o", "scenarios"], "is a folder"),
        (["shop", "-o", "pyproject.toml"], "exists"),
        (["shop", "-o", "pyproject.toml/run.json"], "cannot write"),
    ],
)
def test_bad_input_is_one_clear_message_and_exit_code_2(perfkit, arguments, message):
    done = perfkit("bench", *arguments, check=2)
    assert message in done.stderr
    assert done.stdout == ""


def test_a_scenario_file_that_raises_does_not_stop_the_others(perfkit, project):
    (project / "scenarios" / "broken.py").write_text("1 / 0\n")
    (project / "scenarios" / "shop.py").rename(project / "scenarios" / "whole.py")
    text = (
        (project / "scenarios" / "whole.py")
        .read_text()
        .replace("wrong = perfkit", "wrong = None and perfkit")
    )
    (project / "scenarios" / "whole.py").write_text(text.partition("wrong = None")[0])
    done = perfkit("bench", "--size", "10", "--no-report", check=2)
    assert "broken.py:1 raised on import: ZeroDivisionError" in done.stderr
    assert "batched_concurrent" in done.stdout
    assert len(stored(project)) == 1


def test_an_unwritable_reports_folder_keeps_the_result_on_the_terminal(perfkit, project):
    (project / "reports").write_text("a file is in the way")
    done = perfkit("bench", "shop", "--size", "10", check=2)
    assert "batched_concurrent" in done.stdout
    assert "cannot write" in done.stderr


def test_output_and_force(perfkit, project):
    perfkit("bench", "shop", "--size", "10", "-o", "mine.json.gz", "--no-report", check=0)
    assert read_run(project / "mine.json.gz").clock == "virtual"
    assert [path.name for path in project.glob("mine.*")] == ["mine.json.gz"]
    perfkit("bench", "shop", "--size", "10", "-o", "mine.json.gz", check=2)
    perfkit("bench", "shop", "--size", "10", "-o", "mine.json.gz", "--force", check=0)
    assert (project / "mine.html").exists()


def test_the_run_comes_first_then_its_report_then_pictures(perfkit, project):
    done = perfkit("bench", "shop", "--size", "10", "-o", "kept.json.gz", check=0)
    said = [line for line in done.stderr.splitlines() if line.startswith(("run:", "report:", "figure:"))]
    places = [project / f"kept{ending}" for ending in (".json.gz", ".html", ".svg", ".png")]
    assert [Path(line.partition(": ")[2].strip()) for line in said] == places
    made = [place.stat().st_mtime_ns for place in places]
    assert made == sorted(made)
    assert places[3].read_bytes().startswith(b"\x89PNG")
    assert "shop: " in places[2].read_text()


@pytest.mark.parametrize(
    ("package", "what", "left"),
    [("matplotlib", "main figure", [".html", ".json"]), ("jinja2", "HTML report", [".json"])],
)
def test_without_a_package_the_run_passes_and_a_note_names_the_extra(perfkit, project, package, what, left):
    (project / f"{package}.py").write_text("raise ImportError('not here')\n")
    done = perfkit("bench", "shop", "--size", "10", "-o", "kept.json", env={"PYTHONPATH": "."}, check=0)
    assert f"note:   the {what} needs {package}" in done.stderr
    assert "perfkit[report]" in done.stderr
    assert sorted(path.suffix for path in project.glob("kept.*")) == left


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_writes_what_was_measured(project):
    text = SHOP.read_text().partition("wrong = perfkit")[0].replace('"shop"', '"slow"')
    burns = "async def zz_burns(world, size):\n    while size == 10:\n        pass\n    return 34650\n"
    (project / "scenarios" / "slow.py").write_text(f"{text}\n@shop.strategy\n{burns}")
    process = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "bench", "slow", "--timeout", "60"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(6)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert "INCONCLUSIVE" in out.upper()
    (path,) = stored(project)
    assert path.with_suffix(".html").exists()
    run = read_run(path)
    assert run.interrupted
    assert run.scenarios[0].cells


@pytest.mark.skipif(os.name == "nt", reason="POSIX shell")
@pytest.mark.parametrize(
    ("sink", "code", "said"), [("| true", 141, ""), ("> /dev/full", 2, "cannot write: No space")]
)
def test_the_run_is_kept_when_its_output_cannot_be_written(project, sink, code, said):
    command = f"{sys.executable} -m perfkit bench shop --size 10 --no-report -o kept.json"
    script = f"set -o pipefail; {command} {sink}"
    done = subprocess.run(["bash", "-c", script], cwd=project, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert read_run(project / "kept.json").scenarios[0].cells


def test_what_a_scenario_prints_is_no_result(perfkit, project):
    scenario = project / "scenarios" / "shop.py"
    noise = "import os\nprint('noise on import')\n"
    text = scenario.read_text().replace("async def many(session", "async def many(session", 1)
    scenario.write_text(
        noise
        + text.replace(
            '    async with session.get(world.url + "orders") as',
            '    os.system("echo noise")\n    async with session.get(world.url + "orders") as',
        )
    )
    done = perfkit("bench", "shop", "--size", "10", "-f", "json", check=0)
    json.loads(done.stdout)
    assert "noise on import" in done.stderr


def test_output_into_a_closed_pipe_is_quiet(project):
    process = subprocess.run(
        f"{sys.executable} -m perfkit explain PK102 | head -n 1",
        shell=True,
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert process.stdout.startswith("# PK102")
    assert process.stderr == ""
