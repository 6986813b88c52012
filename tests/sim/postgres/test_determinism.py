import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.postgres import postgres
from tests.sim.postgres import events

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def expected():
    return events.digest(postgres())


def test_locks_are_waited_for(expected):
    assert expected[0] > 5


def test_a_second_run_in_the_same_process_is_the_same(expected):
    assert events.digest(postgres()) == expected


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_any_hash_seed_gives_the_same_events_at_the_same_times(expected, seed):
    done = subprocess.run(
        [sys.executable, "-m", "tests.sim.postgres.events", postgres()],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected[0]} {expected[1]}\n"
