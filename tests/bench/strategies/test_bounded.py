import asyncio
from contextlib import aclosing

import pytest

from perfkit.bench.strategies import bounded_stream
from perfkit.errors import UsageError
from perfkit.sim import run


async def later(seconds):
    await asyncio.sleep(seconds)
    return seconds


async def read(answers, into):
    async for answer in answers:
        into.append(answer)


def test_answers_come_as_they_are_ready():
    async def main():
        clock = asyncio.get_running_loop()
        return [(answer, clock.time()) async for answer in bounded_stream(later, [3, 1, 2, 1], limit=2)]

    assert run(main) == [(1, 1.0), (3, 3.0), (2, 3.0), (1, 4.0)]


@pytest.mark.parametrize("limit", [1, 3, 20])
def test_at_most_the_limit_are_at_work(limit):
    running = peak = 0

    async def one(_):
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(1)
        running -= 1

    async def main():
        return [answer async for answer in bounded_stream(one, range(10), limit=limit)]

    assert len(run(main)) == 10
    assert peak == min(limit, 10)


def test_a_slow_reader_holds_the_source_back():
    taken = []

    async def source():
        for number in range(10):
            taken.append(number)
            yield number

    async def main():
        most = 0
        read = 0
        async for _ in bounded_stream(lambda item: later(0), source(), limit=3):
            read += 1
            await asyncio.sleep(5)
            most = max(most, len(taken) - read)
        return most

    assert run(main) == 3
    assert len(taken) == 10


def test_an_error_ends_it_and_leaves_nothing_running():
    async def one(item):
        await asyncio.sleep(item)
        if item == 2:
            raise KeyError(item)
        return item

    async def main():
        answers = []
        with pytest.raises(KeyError):
            await read(bounded_stream(one, [1, 2, 60], limit=3), answers)
        return answers, len(asyncio.all_tasks()), asyncio.get_running_loop().time()

    assert run(main) == ([1], 1, 2.0)


def test_an_error_of_the_source_comes_after_the_answers_before_it():
    async def source():
        yield 0
        yield 0
        raise OSError("the source is dry")

    async def main():
        answers = []
        with pytest.raises(OSError, match="dry"):
            await read(bounded_stream(later, source(), limit=1), answers)
        return answers

    assert run(main) == [0, 0]


def test_leaving_early_cancels_the_rest():
    async def main():
        async with aclosing(bounded_stream(later, [1, 50, 50], limit=3)) as answers:
            async for answer in answers:
                assert answer == 1
                break
        return len(asyncio.all_tasks()), asyncio.get_running_loop().time()

    assert run(main) == (1, 1.0)


def test_nothing_to_do():
    async def main():
        return [answer async for answer in bounded_stream(later, [], limit=2)]

    assert run(main) == []


def test_a_bad_limit_is_refused():
    async def main():
        with pytest.raises(UsageError, match="limit must be 1 or more, not 0"):
            await anext(bounded_stream(later, [1], limit=0))

    run(main)
