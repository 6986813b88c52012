import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from html.parser import HTMLParser

import pytest

from perfkit.cli.app import VERBS

pytestmark = pytest.mark.once


def test_help_and_version(perfkit):
    done = perfkit("--help", check=0)
    for verb in VERBS:
        assert verb in done.stdout
    assert re.fullmatch(r"perfkit \d+\.\d+\.\d+\n", perfkit("--version", check=0).stdout)


@pytest.mark.parametrize("verb", [*VERBS, ("serve", "bitrix24")])
def test_every_verb_has_help(perfkit, verb):
    done = perfkit(*([verb] if isinstance(verb, str) else verb), "--help", check=0)
    assert "Usage:" in done.stdout


def test_a_typo_gets_a_suggestion(perfkit):
    done = perfkit("bnech", check=2)
    assert "Did you mean 'bench'" in done.stderr
    assert "There are: bench" in perfkit("xyzzy", check=2).stderr


def test_list(perfkit, project):
    done = perfkit("list", check=0)
    for word in ("shop", "batched_concurrent", "PK102 n-plus-one-request", "aiohttp", "html"):
        assert word in done.stdout
    (project / "scenarios" / "broken.py").write_text("1 / 0")
    assert "broken.py:1 raised on import" in perfkit("list", check=0).stderr


def test_list_outside_a_project(perfkit, project):
    (project / "scenarios" / "shop.py").unlink()
    (project / "scenarios").rmdir()
    done = perfkit("list", check=0)
    assert "PK102" in done.stdout
    assert "no scenario folder" in done.stderr


def test_doctor_tells_values_and_origins(perfkit):
    done = perfkit("doctor", env={"PERFKIT_SEED": "9"}, check=0)
    assert re.search(r"seed +9 +PERFKIT_SEED", done.stdout)
    assert re.search(r"workers +1 +pyproject.toml", done.stdout)
    assert re.search(r"repeats +1 +default", done.stdout)


def test_a_bad_setting_is_named(perfkit, project):
    (project / "pyproject.toml").write_text("[tool.perfkit]\nsead = 1\n")
    assert "Did you mean 'seed'" in perfkit("doctor", check=2).stderr


@pytest.fixture
def run_file(perfkit, project):
    perfkit("bench", "shop", "--size", "10", "-o", "run.json", "--no-report", check=0)
    return project / "run.json"


class Title(HTMLParser):
    def __init__(self):
        super().__init__()
        self.inside, self.text = False, ""

    def handle_starttag(self, tag, attrs):
        self.inside = tag == "title"

    def handle_data(self, data):
        self.text += data if self.inside else ""


def test_report_formats(perfkit, project, run_file):
    perfkit("report", "run.json", check=0)
    page = Title()
    page.feed((project / "run.html").read_text())
    assert "PASS" in page.text
    assert "batched_concurrent" in perfkit("report", "run.json", "-f", "text", check=0).stdout
    perfkit("report", "run.json", "-f", "text", "-o", "run.txt", check=0)
    assert "batched_concurrent" in (project / "run.txt").read_text()
    assert perfkit("report", "run.json", "-f", "json", "-o", "-", check=0).stdout.startswith("{")
    assert perfkit("report", "run.json", "-o", "-", check=0).stdout.startswith("<!doctype html")
    assert "html" in perfkit("report", "run.json", "-f", "htm", check=2).stderr
    assert "the run itself" in perfkit("report", "run.json", "-f", "json", check=2).stderr


def test_report_of_findings_for_ci(perfkit, project, run_file):
    done = perfkit("report", "run.json", "-f", "sarif,junit,github", check=0)
    log = json.loads((project / "run.sarif").read_text())
    assert {result["ruleId"] for result in log["runs"][0]["results"]} >= {"PK102"}
    assert "perfkit.shop" in (project / "run.xml").read_text()
    lines = done.stdout.splitlines()
    assert lines
    assert all(line.startswith(("::warning ", "::notice ", "::error ")) for line in lines)
    assert sorted(line.split()[-1].rpartition("/")[2] for line in done.stderr.splitlines()) == [
        "run.sarif",
        "run.xml",
    ]
    json.loads(perfkit("report", "run.json", "-f", "sarif", "-o", "-", check=0).stdout)


def test_report_takes_the_newest_run(perfkit, project):
    assert "there is no run" in perfkit("report", check=2).stderr
    perfkit("bench", "shop", "--size", "10", "--no-report", check=0)
    perfkit("report", check=0)
    assert len(list((project / "reports").glob("*.html"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "damaged"), ('{"schema": 999}', "schema 999"), ("{}", "not a perfkit run"), (None, "cannot read")],
)
def test_report_of_a_bad_file(perfkit, project, text, message):
    if text is not None:
        (project / "bad.json").write_text(text)
    done = perfkit("report", "bad.json", check=2)
    assert message in done.stderr
    assert "bad.json" in done.stderr


def test_a_port_in_use_is_said(perfkit):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = perfkit("serve", "bitrix24", "--port", port, check=2)
    assert str(port) in done.stderr
    assert "--port" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_its_address_and_stops_clean(project, number):
    process = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "serve", "bitrix24", "--port", "0", "--leads", "60"],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}crm.lead.list.json") as answer:
            assert b'"total":' in answer.read()
        process.send_signal(number)
        _, err = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    assert process.returncode == 0
    assert "served:" in err
    assert "Traceback" not in err


def test_a_closed_stdout_is_no_traceback():
    command = [
        sys.executable,
        "-c",
        "import sys; sys.stdout = None; from perfkit.cli.entry import main; main()",
    ]
    done = subprocess.run([*command, "list"], stderr=subprocess.PIPE, text=True)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


def test_without_click_the_extra_is_named():
    script = (
        "import sys; sys.modules['click'] = None\nfrom perfkit.cli.entry import run\nsys.exit(run(['list']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert "perfkit[bench]" in done.stderr


def test_an_internal_error_is_70(monkeypatch, capsys):
    from perfkit.cli import entry
    from perfkit.cli.app import cli

    def fail(**_):
        raise RuntimeError("boom")

    monkeypatch.setattr(cli, "main", fail)
    assert entry.run(["list"]) == 70
    assert "internal error" in capsys.readouterr().err
