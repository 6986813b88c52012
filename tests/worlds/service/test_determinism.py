"""The same seed gives the same answers at the same nanoseconds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.worlds.service.day import digest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def expected():
    return digest()


def test_a_second_start_is_the_same(expected):
    assert digest() == expected


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_any_hash_seed_is_the_same(expected, seed):
    done = subprocess.run(
        [sys.executable, "-m", "tests.worlds.service.day"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == expected
