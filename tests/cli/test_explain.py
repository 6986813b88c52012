import subprocess
import sys
from pathlib import Path

import pytest

from perfkit import rules
from perfkit.cli.entry import run
from perfkit.cli.explain import document

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    "rule", ["PK101", "pk101", "n-plus-one-query", "N-Plus-One-Query", "growth", "Results-Differ"]
)
def test_a_rule_by_code_or_name_in_any_case(capsys, rule):
    assert run(["explain", rule]) == 0
    shown = capsys.readouterr()
    code = {"growth": "PK502", "Results-Differ": "PK501"}.get(rule, "PK101")
    assert shown.out == rules.page(code)
    assert shown.err == ""


@pytest.mark.parametrize(
    ("typo", "meant"),
    [("PK1O1", "PK101"), ("pk10", "PK10"), ("n-plus-one-qeury", "n-plus-one-query"), ("grwoth", "growth")],
)
def test_a_typo_gets_a_suggestion(capsys, typo, meant):
    assert run(["explain", typo]) == 2
    shown = capsys.readouterr()
    assert "no rule named" in shown.err
    assert f"Did you mean '{meant}" in shown.err
    assert shown.out == ""


def test_without_a_rule_they_are_listed(capsys):
    assert run(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{code}  {rules.load(code).NAME}" for code in sorted(rules.available())]


def test_a_terminal_gets_it_rendered(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["explain", "PK101"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[" in shown
    assert "**" not in shown
    assert "PK101 n-plus-one-query" in shown


def test_a_pipe_that_is_closed_early_is_quiet(project):
    command = f"{sys.executable} -m perfkit explain --all | head -n 1"
    done = subprocess.run(command, shell=True, cwd=project, capture_output=True, text=True)
    assert done.stdout == "# The rules\n"
    assert done.stderr == ""


def test_the_document_holds_every_page_below_one_title():
    text = document()
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# The rules",
        *(f"## {code} {rules.load(code).NAME}" for code in sorted(rules.available())),
    ]
    for code in rules.available():
        assert rules.page(code).partition("\n")[2] in text


def test_the_document_in_the_repository_is_that_of_the_pages():
    stored = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    assert stored == document(), "docs/rules.md is old: perfkit explain --all > docs/rules.md"
