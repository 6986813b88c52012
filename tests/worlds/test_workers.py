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
