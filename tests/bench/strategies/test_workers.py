import asyncio

import pytest

from perfkit.bench.strategies import WorkerQueue
from perfkit.errors import UsageError
from perfkit.sim import run


async def later(seconds):
    await asyncio.sleep(seconds)
    return asyncio.get_running_loop().time()


async def crash():
    raise ZeroDivisionError("this job")


def test_jobs_begin_in_their_order_as_workers_become_free():
    async def main():
        async with WorkerQueue(workers=2) as queue:
            futures = [queue.submit(later, seconds) for seconds in (3, 1, 1, 1)]
            assert (queue.busy, queue.waiting) == (2, 2)
        return [future.result() for future in futures]

    assert run(main) == [3.0, 1.0, 2.0, 3.0]


def test_a_crash_is_that_jobs_alone():
    async def main():
        async with WorkerQueue(workers=1) as queue:
            bad, good = queue.submit(crash), queue.submit(later, 1)
        assert isinstance(bad.exception(), ZeroDivisionError)
        return good.result()

    assert run(main) == 1.0


def test_a_job_that_is_no_coroutine_function_is_a_crash_too():
    async def main():
        async with WorkerQueue(workers=1) as queue:
            bad, good = queue.submit(lambda: 1 / 0), queue.submit(later, 1)
        assert isinstance(bad.exception(), ZeroDivisionError)
        return good.result()

    assert run(main) == 1.0


def test_cancelling_drops_what_waits_and_ends_what_runs():
    begun, ended = [], []

    async def job(name):
        begun.append(name)
        try:
            await asyncio.sleep(10)
        finally:
            ended.append(name)

    async def main():
        async with WorkerQueue(workers=1) as queue:
            first, second, third = (queue.submit(job, name) for name in "abc")
            await asyncio.sleep(1)
            second.cancel()
            first.cancel()
            await third
        return asyncio.get_running_loop().time()

    assert run(main) == 11.0
    assert begun == ended == ["a", "c"]


def test_join_waits_for_all_and_the_queue_goes_on():
    async def main():
        queue = WorkerQueue(workers=1)
        queue.submit(later, 1)
        waiting = [asyncio.create_task(queue.join()) for _ in range(2)]
        await asyncio.sleep(0.5)
        queue.submit(later, 1)
        await asyncio.gather(*waiting)
        joined = asyncio.get_running_loop().time()
        await queue.join()
        last = queue.submit(later, 1)
        await queue.aclose()
        return joined, last.result()

    assert run(main) == (2.0, 3.0)


def test_a_block_that_fails_cancels_its_jobs():
    async def main():
        futures = []

        async def block():
            async with WorkerQueue(workers=1) as queue:
                futures.extend(queue.submit(later, 50) for _ in range(2))
                await asyncio.sleep(1)
                raise KeyError

        with pytest.raises(KeyError):
            await block()
        return [future.cancelled() for future in futures], asyncio.get_running_loop().time()

    assert run(main) == ([True, True], 1.0)


def test_a_closed_queue_takes_no_jobs():
    async def main():
        queue = WorkerQueue()
        await queue.aclose()
        with pytest.raises(UsageError, match="is closed"):
            queue.submit(later, 1)

    run(main)


def test_no_workers_are_refused():
    with pytest.raises(UsageError, match="1 worker or more, not 0"):
        WorkerQueue(workers=0)


def test_a_waiter_that_is_cancelled_does_not_end_the_others_join():
    async def main():
        queue = WorkerQueue(workers=1)
        queue.submit(later, 2)
        impatient, patient = asyncio.create_task(queue.join()), asyncio.create_task(queue.join())
        await asyncio.sleep(1)
        impatient.cancel()
        await patient
        return asyncio.get_running_loop().time()

    assert run(main) == 2.0
