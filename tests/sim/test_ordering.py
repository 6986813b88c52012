import asyncio

import pytest

from perfkit.errors import DeadlockError
from perfkit.sim import run
from tests.sim.support import now_ns


@pytest.mark.parametrize("n", [10, 1000, 5000])
def test_sets_of_futures_and_tasks_keep_the_order_of_one_moment(n):
    async def main():
        await asyncio.sleep(12.345678901)
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in range(n)]
        for future in reversed(futures):
            future.cancel()
        waiting = set(futures)
        tasks = [asyncio.create_task(asyncio.sleep(1)) for _ in range(n)]
        done, _ = await asyncio.wait(tasks)
        return list(waiting) == futures, list(done) == tasks

    assert run(main) == (True, True)


def test_hashes_stay_small_and_apart_after_days():
    async def main():
        loop, futures = asyncio.get_running_loop(), []
        for _ in range(3):
            await asyncio.sleep(10**6)
            futures += [loop.create_future() for _ in range(100)]
        return len({hash(future) for future in futures}), list(set(futures[-100:])) == futures[-100:]

    assert run(main) == (300, True)


def test_as_completed_starts_in_the_order_given():
    started = []

    async def job(i):
        started.append(i)
        await asyncio.sleep(1 - i / 1000)
        return i

    async def main():
        jobs = [job(i) for i in range(200)]
        return [await future for future in asyncio.as_completed([*jobs, jobs[0]])], now_ns()

    real = asyncio.as_completed
    results, now = run(main)
    assert started == list(range(200))
    assert results == list(reversed(range(200)))
    assert now == 10**9
    assert asyncio.as_completed is real is asyncio.tasks.as_completed


def test_a_task_factory_of_the_users_is_respected():
    made = []

    def factory(loop, coroutine, **options):
        made.append(asyncio.Task(coroutine, loop=loop, **options))
        return made[-1]

    async def main():
        asyncio.get_running_loop().set_task_factory(factory)
        await asyncio.create_task(asyncio.sleep(1), name="mine")
        return [task.get_name() for task in made]

    assert run(main) == ["mine"]


def test_tasks_made_without_the_loop_are_reported_too():
    async def main():
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(asyncio.Task(asyncio.Event().wait(), loop=loop) for _ in range(3)))

    with pytest.raises(DeadlockError, match="4 tasks wait"):
        run(main)
