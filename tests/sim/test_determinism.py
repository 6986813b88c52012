import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sim import events, rough

ROOT = Path(__file__).parents[2]
ROUGH = "c2371e5964353e92ef1a1fc6708420d31bc773affad80635a6a5beb3715be002"


@pytest.fixture(scope="module")
def expected():
    return events.digest()


def test_the_script_is_worth_hashing(expected):
    assert expected[0] > 500


def test_a_second_run_in_the_same_process_is_the_same(expected):
    assert events.digest() == expected


def printed(module, seed):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", module],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_any_hash_seed_gives_the_same_events_at_the_same_times(expected, seed):
    assert printed("tests.sim.events", seed) == f"{expected[0]} {expected[1]}\n"


@pytest.mark.parametrize("seed", ["0", "random"])
def test_a_rough_network_is_as_rough_everywhere(seed):
    """The hash is written down, so every Python that runs this test must come to the same one."""
    assert printed("tests.sim.rough", seed) == f"811 {ROUGH}\n"


def test_a_rough_network_is_the_same_after_other_simulations(expected):
    assert rough.digest() == (811, ROUGH)
