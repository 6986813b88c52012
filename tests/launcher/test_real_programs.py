"""``perfkit run`` on programs of some thousand lines each: what they say and their exit codes stay."""

import os
import re
import shlex
import subprocess
import sys

import pytest

from perfkit.model import unpack
from perfkit.model.storage import read_run

SOURCE = os.__file__
PROJECT = {
    "test_some.py": """
        import asyncio, sqlite3, threading, pytest

        @pytest.mark.parametrize("number", range(3))
        def test_number(number):
            assert number < 2

        def test_database(tmp_path):
            with sqlite3.connect(tmp_path / "db") as db:
                db.execute("CREATE TABLE t (x)")
                db.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(9)])
                assert [row for (row,) in db.execute("SELECT x FROM t")] == list(range(9))
            db.close()

        def test_threads():
            assert threading.active_count() == 1
            asyncio.run(asyncio.wait_for(asyncio.to_thread(print, "in a thread"), 5))
        """,
    "site.cfg": "[a]\nb = 1\n",
    "query.sql": "select a, b from t where x in (1, 2, 3) and y = 'it''s' -- why\norder by a;\n" * 50,
    "shop/__init__.py": "",
    "shop/settings.py": """
        SECRET_KEY = "s3cr3t"
        INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
        """,
}

COMMANDS = {
    "pygments, a large file": f"-m pygments -f html -O full {shlex.quote(SOURCE)}",
    "pygments, an unknown lexer": "-m pygments -l no-such-lexer site.cfg",
    "sqlparse": "-m sqlparse --reindent --keywords upper query.sql",
    "pytest, with a failure": "-m pytest -p no:cacheprovider -v --tb=short test_some.py",
    "pytest, usage": "-m pytest --no-such-option",
    "Django: migrate": "-m django migrate --settings shop.settings --no-color",
    "Django: an unknown command": "-m django no-such-command --settings shop.settings",
    "pip": "-m pip list --format=freeze --disable-pip-version-check",
    "json.tool, bad input": "-m json.tool site.cfg",
}

_VARYING = re.compile(r"in \d+\.\d+s|0x[0-9a-f]+|=+|\d+\.\d+ seconds")


def run(folder, *words):
    environment = {**os.environ, "PYTHONPATH": "", "COLUMNS": "100", "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, text=True, env=environment, timeout=120
    )
    return done.returncode, _VARYING.sub("~", done.stdout), _VARYING.sub("~", done.stderr)


@pytest.fixture
def folders(tmp_path):
    """Two of the same name, so that what is printed of them is the same."""
    for side in ("alone", "recorded"):
        for name, text in PROJECT.items():
            path = tmp_path / side / "work" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(re.sub(r"^        ", "", text, flags=re.MULTILINE).lstrip("\n"))
    return tmp_path / "alone" / "work", tmp_path / "recorded" / "work"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_real_program_is_what_it_was(folders, command):
    alone, recorded = folders
    code, out, err = run(alone, *shlex.split(command))
    options = ("-m", "perfkit", "run", "--no-report", "-o", "run.json")
    code_recorded, out_recorded, err_recorded = run(recorded, *options, *shlex.split(command))
    said, _, ours = err_recorded.partition("run:  ")
    swapped = str(recorded), str(alone)
    assert out_recorded.replace(*swapped) == out
    assert said.replace(*swapped) == err
    assert code_recorded == code
    assert ours
    assert out or err


def test_what_real_programs_do_is_seen(folders):
    _, recorded = folders
    command = COMMANDS["Django: migrate"]
    run(recorded, "-m", "perfkit", "run", "--no-report", "-o", "run.json", *shlex.split(command))
    trace = unpack(read_run(recorded / "run.json").trace)
    assert len(trace.of_kind("query")) > 50
    assert {span.attrs["library"] for span in trace.of_kind("query")} == {"django"}
