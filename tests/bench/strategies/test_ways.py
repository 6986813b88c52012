import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.strategies import batched, batched_concurrent, bounded_gather, chunks, concurrent, serial
from perfkit.errors import UsageError


async def one(item):
    await asyncio.sleep(0)
    return item * 2


async def many(items):
    await asyncio.sleep(0)
    return [item * 2 for item in items]


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7), st.integers(1, 7))
def test_all_four_give_the_answers_in_order(items, size, limit):
    expected = [item * 2 for item in items]

    async def main():
        return (
            await serial(one, items),
            await batched(many, items, size=size),
            await concurrent(one, items, limit=limit),
            await batched_concurrent(many, items, size=size, limit=limit),
        )

    assert asyncio.run(main()) == (expected, expected, expected, expected)


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7))
def test_chunks_lose_nothing(items, size):
    pieces = chunks(items, size)
    assert [item for piece in pieces for item in piece] == items
    assert all(len(piece) == size for piece in pieces[:-1])


@pytest.mark.parametrize("limit", [1, 3, 20])
def test_at_most_the_limit_run_at_a_time(limit):
    running = peak = 0

    async def one(_):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0)
        running -= 1

    asyncio.run(bounded_gather(one, range(10), limit=limit))
    assert peak == min(limit, 10)


def test_the_first_error_stops_the_rest():
    started = []

    async def one(item):
        started.append(item)
        await asyncio.sleep(0)
        if item == 1:
            raise KeyError(item)

    with pytest.raises(KeyError):
        asyncio.run(bounded_gather(one, range(100), limit=2))
    assert len(started) < 10


def test_bad_limits_are_refused():
    with pytest.raises(UsageError, match="limit must be 1 or more, not 0"):
        asyncio.run(bounded_gather(one, [1], limit=0))
    with pytest.raises(UsageError, match="size must be 1 or more, not 0"):
        chunks([1], 0)
