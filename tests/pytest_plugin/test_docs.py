"""The examples of docs/pytest.md are true."""

import re
from pathlib import Path

from perfkit.pytest_plugin.budgets import KEYS
from tests.pytest_plugin.projects import run

PAGE = (Path(__file__).parent.parent.parent / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
PYTHON = [text for language, text in BLOCKS if language == "python"]
SHOWN = [text for language, text in BLOCKS if not language]

SHOP = """
import sqlite3

def connect():
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE lead (id INTEGER PRIMARY KEY, name TEXT)")
    database.executemany("INSERT INTO lead VALUES (?, ?)", [(n, str(n)) for n in range(50)])
    return database

def page(database, leads):
    ids = database.execute("SELECT id FROM lead LIMIT ?", (leads,)).fetchall()
    return [database.execute("SELECT name FROM lead WHERE id = ?", (n,)).fetchone() for (n,) in ids]
"""
CONFTEST = """
import pytest, shop

@pytest.fixture
def database():
    made = shop.connect()
    yield made
    made.close()
"""


def test_the_examples_run_and_fail_as_shown(pytester):
    pytester.makepyfile(shop=SHOP.lstrip(), conftest=CONFTEST, test_app="\n".join(PYTHON))
    pytester.syspathinsert()
    result = run(pytester, "--benchmark-disable", plugins=["pytest_benchmark.plugin"])
    result.assert_outcomes(passed=2, failed=1)
    (message,) = SHOWN
    result.stdout.fnmatch_lines([line.replace("[", "?") for line in message.splitlines()], consecutive=True)


def test_every_argument_and_option_is_there(pytester):
    for key in KEYS:
        assert f"`{key}`" in PAGE
    shown = run(pytester, "--help").stdout.str()
    for option in re.findall(r"--perfkit-[a-z]+", shown):
        assert option in PAGE
    assert "--perfkit-alone" not in shown
