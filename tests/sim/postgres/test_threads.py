"""psycopg in threads: in a process of its own, because gevent's patches are for life."""

import json

import pytest

from tests.postgres import postgres
from tests.sim.greenlets.support import child


def answer(name, seed="0"):
    code, out, err = child("-m", "tests.sim.postgres.threads", name, postgres(), seed=seed)
    assert (code, err) == (0, ""), err
    return json.loads(out)


def test_serial_queries_take_a_round_trip_each():
    assert answer("serial") == 4_000.0


def test_ten_threads_with_a_pool_take_a_tenth():
    assert answer("executor") == [19_900, 400.0]


@pytest.fixture(scope="module")
def locked():
    return answer("locks")


def test_threads_get_a_row_lock_in_order(locked):
    total, waits, order, _ = locked
    assert (total, waits, order) == (6, 5, [0, 1, 2, 3, 4, 5])


@pytest.mark.parametrize("seed", ["1", "2"])
def test_any_hash_seed_gives_the_same_times(locked, seed):
    assert answer("locks", seed) == locked
