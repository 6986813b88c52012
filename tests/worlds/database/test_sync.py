"""The synchronous fronts in a simulation of threads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.database.postgres.server import current_server

pytest.importorskip("gevent")


def run(kind):
    done = subprocess.run(
        [sys.executable, "-m", "tests.worlds.database.sync_program", kind],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_sqlite():
    rows, took_ns, rules = run("sqlite")
    assert rows == ["job 1/4", "job 1/5", "job 1/6"]
    # five threads side by side; each statement is 30 us, 10 steps of 8 ns and a row of 50 ns
    assert took_ns == [3 * (10_000_000 + 30_000 + 80 + 50)]
    assert rules == ["PK101"]


def test_postgres():
    try:
        current_server()
    except WorldError as error:
        pytest.skip(str(error))
    rows, took_ns, rules = run("postgres")
    assert rows == ["job 1/4", "job 1/5", "job 1/6"]
    assert len(took_ns) == 1
    assert 30_000_000 < took_ns[0] < 31_000_000
    assert rules == ["PK101"]
