import asyncio

import pytest

from perfkit.bench.strategies import retrying
from perfkit.errors import UsageError
from perfkit.sim import run


def failing(times, error=OSError):
    """A call that fails so many times, and the moments at which it was made."""
    made = []

    async def call():
        made.append(asyncio.get_running_loop().time())
        if len(made) <= times:
            raise error(f"failure {len(made)}")
        return "done"

    return call, made


def test_the_pauses_grow_up_to_the_longest():
    call, made = failing(5)
    assert run(lambda: retrying(call, on=OSError, pause_s=0.5, max_pause_s=2)) == "done"
    assert made == [0.0, 0.5, 1.5, 3.5, 5.5, 7.5]


def test_the_last_try_raises():
    call, made = failing(9)
    with pytest.raises(OSError, match="failure 3"):
        run(lambda: retrying(call, on=(OSError, KeyError), tries=3))
    assert len(made) == 3


def test_other_errors_are_raised_at_once():
    call, made = failing(9, KeyError)
    with pytest.raises(KeyError):
        run(lambda: retrying(call, on=OSError))
    assert made == [0.0]


def test_no_tries_are_refused():
    call, _ = failing(0)
    with pytest.raises(UsageError, match="tries must be 1 or more, not 0"):
        run(lambda: retrying(call, on=OSError, tries=0))
