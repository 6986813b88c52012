"""No value, token or password of a recorded program is in any report, whatever found its way into it."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.model import unpack
from perfkit.model.plain import plain
from perfkit.model.storage import read_run
from perfkit.report import FORMATS, render

pytestmark = pytest.mark.once


PROGRAM = Path(__file__).parent / "leaky.py"
SECRET = re.compile(r".{0,60}zx\d.{0,30}", re.IGNORECASE | re.DOTALL)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """The stored run, and what perfkit wrote while it ran."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "pyproject.toml").write_text("[tool.perfkit]\n")
    shutil.copy(PROGRAM, folder / "program.py")
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "run", "-o", "run.json", "program.py", "--password", "Zx37"],
        cwd=folder,
        env={**os.environ, "DATABASE_URL": "postgresql://admin:Zx38@db/shop"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    return read_run(folder / "run.json"), done.stderr, (folder / "run.html").read_text()


def test_what_was_planted_was_recorded(recorded):
    run, shown, _ = recorded
    spans = unpack(run.trace).spans
    assert {span.attrs.get("library") for span in spans} >= {"sqlite3", "sqlalchemy", "aiohttp", "requests"}
    assert "SELECT id FROM users WHERE name = ?" in {span.name for span in spans}
    assert {"IntegrityError", "OperationalError", "ValueError"} <= {span.error for span in spans}
    assert {"PK101", "PK102", "PK103", "PK105"} <= {finding.rule for finding in run.findings}
    assert "\nFindings\nPK1" in shown


def test_the_search_finds_what_is_there():
    assert SECRET.findall("a zX1 b") == ["a zX1 b"]
    assert len(set(re.findall(r"Zx\d+", PROGRAM.read_text(), re.IGNORECASE))) >= 36


def test_nothing_is_in_the_trace_itself(recorded):
    assert SECRET.findall(json.dumps(plain(unpack(recorded[0].trace)))) == []


@pytest.mark.parametrize("form", FORMATS)
def test_nothing_is_in_any_format(recorded, form):
    text = render(recorded[0], form).decode()
    assert len(text) > 1_000
    assert SECRET.findall(text) == []


def test_nothing_is_in_what_perfkit_wrote_by_itself(recorded):
    _, shown, page = recorded
    assert SECRET.findall(shown) == []
    assert SECRET.findall(page) == []
