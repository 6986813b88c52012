import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim import events

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def expected():
    return events.digest()


def test_the_script_is_worth_hashing(expected):
    assert expected[0] > 500


def test_a_second_run_in_the_same_process_is_the_same(expected):
    assert events.digest() == expected


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_any_hash_seed_gives_the_same_events_at_the_same_times(expected, seed):
    done = subprocess.run(
        [sys.executable, "-m", "tests.sim.events"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{expected[0]} {expected[1]}\n"
