"""The queue in front of a server's workers."""

import asyncio

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.workers import WorkerPool


async def _settle():
    for _ in range(5):
        await asyncio.sleep(0)


async def _visit(pool, name, log, leave):
    async with pool.serve():
        log.append(name)
        await leave[name].wait()


def test_requests_are_served_first_come_first_served():
    async def scenario():
        pool, log = WorkerPool(2), []
        leave = {name: asyncio.Event() for name in range(6)}
        tasks = [asyncio.create_task(_visit(pool, name, log, leave)) for name in range(6)]
        await _settle()
        assert log == [0, 1]
        leave[1].set()
        await _settle()
        assert log == [0, 1, 2]
        for name in (0, 2, 3, 4, 5):
            leave[name].set()
        await asyncio.gather(*tasks)
        return pool, log

    pool, log = asyncio.run(scenario())
    assert log == [0, 1, 2, 3, 4, 5]
    assert (pool.peak_busy, pool.served, pool.busy) == (2, 6, 0)


def test_unlimited_workers_serve_all_at_once():
    async def scenario():
        pool, log = WorkerPool(None), []
        leave = {name: asyncio.Event() for name in range(100)}
        tasks = [asyncio.create_task(_visit(pool, name, log, leave)) for name in range(100)]
        await _settle()
        for event in leave.values():
            event.set()
        await asyncio.gather(*tasks)
        return pool

    assert asyncio.run(scenario()).peak_busy == 100


def test_a_request_that_gives_up_leaves_its_place_to_the_next():
    async def scenario():
        pool, log = WorkerPool(1), []
        leave = {name: asyncio.Event() for name in range(3)}
        tasks = [asyncio.create_task(_visit(pool, name, log, leave)) for name in range(3)]
        await _settle()
        tasks[1].cancel()
        leave[0].set()
        await _settle()
        leave[2].set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return pool, log

    pool, log = asyncio.run(scenario())
    assert log == [0, 2]
    assert (pool.served, pool.busy) == (2, 0)


def test_work_keeps_the_worker_for_its_cost():
    async def scenario():
        pool = WorkerPool(1)
        await asyncio.gather(pool.work(0), pool.work(0), pool.work(1000))
        return pool

    pool = asyncio.run(scenario())
    assert (pool.peak_busy, pool.served) == (1, 3)


def test_no_workers_is_an_error_that_says_so():
    with pytest.raises(WorldError, match="needs 1 worker or more, not 0"):
        WorkerPool(0)


def test_a_request_that_is_cancelled_in_the_moment_of_its_turn_gives_the_worker_back():
    async def scenario(first):
        pool, log = WorkerPool(1), []
        leave = {name: asyncio.Event() for name in range(3)}
        tasks = [asyncio.create_task(_visit(pool, name, log, leave)) for name in range(3)]
        await _settle()
        leave[0].set()
        if first == "release":  # in the next turn request 0 goes on, and the cancelled one
            await asyncio.sleep(0)
        tasks[1].cancel()
        leave[2].set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return pool, log

    for first in ("release", "cancel"):
        pool, log = asyncio.run(scenario(first))
        assert log == [0, 2]
        assert (pool.served, pool.busy) == (2, 0)


def test_callbacks_take_workers_in_the_same_queue():
    pool, log = WorkerPool(1), []
    for name in range(3):
        pool.take(lambda name=name: log.append(name))
    assert (log, pool.busy, pool.peak_waiting) == ([0], 1, 2)
    pool.release()
    pool.release()
    assert (log, pool.busy, pool.served) == ([0, 1, 2], 1, 2)


def test_ten_thousand_requests_that_take_no_time_do_not_pile_up_on_the_stack():
    pool, served = WorkerPool(1), []

    def at_once(name):
        served.append(name)
        pool.release()

    pool.take(lambda: None)
    for name in range(10_000):
        pool.take(lambda name=name: at_once(name))
    pool.release()
    assert served == list(range(10_000))
    assert pool.busy == 0
