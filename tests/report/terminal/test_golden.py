"""The whole of what a terminal shows, at width 80. To take a change over, and look at what it changes:

GOLDEN=write pytest tests/report/terminal/test_golden.py && git diff tests/report/terminal/golden
"""

import os
from pathlib import Path

import pytest

from perfkit.report import render
from tests.report.terminal.consoles import shown
from tests.report.terminal.runs import RUNS

pytestmark = pytest.mark.once

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("encoding", "suffix"), [("utf-8", ".txt"), ("ascii", ".ascii.txt")])
def test_it_is_what_it_was(name, encoding, suffix):
    text, file = shown(RUNS[name](), encoding=encoding), GOLDEN / f"{name}{suffix}"
    if os.environ.get("GOLDEN") == "write":
        file.write_text(text, encoding=encoding)
    assert text == file.read_text(encoding=encoding)


@pytest.mark.parametrize("name", RUNS)
def test_a_file_and_a_pipe_get_the_same(name):
    assert render(RUNS[name](), "text").decode() == shown(RUNS[name]())


@pytest.mark.parametrize(("name", "most"), [("bench", 90), ("trace", 42), ("gate", 32), ("gate_pass", 9)])
def test_it_is_short(name, most):
    assert len((GOLDEN / f"{name}.txt").read_text(encoding="utf-8").splitlines()) <= most
