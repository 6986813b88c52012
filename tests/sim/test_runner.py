import asyncio
import contextlib
import gc
import random
import time

import pytest

from perfkit.errors import DeadlockError, SimulationError, UsageError, VirtualTimeoutError
from perfkit.sim import run
from tests.sim.support import now_ns


def test_what_is_left_is_cancelled_oldest_first():
    ended = []

    async def background(name):
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append((name, now_ns()))

    async def main():
        for name in "cab":
            asyncio.create_task(background(name), name="same")  # noqa: RUF006
        await asyncio.sleep(1)
        return "result"

    assert run(main) == "result"
    assert ended == [("c", 10**9), ("a", 10**9), ("b", 10**9)]


def test_async_generators_are_shut_down():
    ended = []

    async def numbers():
        try:
            yield 1
        finally:
            ended.append("closed")

    async def main():
        generator = numbers()
        await anext(generator)
        ended.append(generator)

    run(main)
    assert ended[1] == "closed"


def test_an_error_comes_out_and_time_is_restored():
    real = time.monotonic

    async def main():
        asyncio.create_task(asyncio.sleep(5))  # noqa: RUF006
        raise KeyError("broken")

    with pytest.raises(KeyError):
        run(main)
    assert time.monotonic is real
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_interrupts_come_out(error):
    real = time.sleep

    async def main():
        await asyncio.sleep(1)
        raise error

    with pytest.raises(error):
        run(main)
    assert time.sleep is real


def test_a_task_that_survives_its_cancellation_is_an_error_too():
    async def immortal():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(100)

    async def stuck():
        while True:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.Event().wait()

    def leaving(coroutine):
        async def main():
            asyncio.create_task(coroutine())  # noqa: RUF006
            await asyncio.sleep(1)

        return main

    for coroutine, cause in ((immortal, VirtualTimeoutError), (stuck, DeadlockError)):
        with pytest.raises(
            SimulationError, match=f"1 of the tasks it left behind do not end.* in {coroutine.__name__}$"
        ) as caught:
            run(leaving(coroutine))
        assert isinstance(caught.value.__cause__, cause)


def test_an_error_during_the_clean_up_is_reported(caplog):
    async def untidy():
        try:
            await asyncio.sleep(100)
        finally:
            raise KeyError("untidy")

    async def main():
        asyncio.create_task(untidy())  # noqa: RUF006
        await asyncio.sleep(1)

    run(main)
    assert "error in a task that was cancelled at the end" in caplog.text


def test_misuse_says_what_to_do():
    async def main():
        run(main)

    coroutine = main()
    with pytest.raises(UsageError, match=r"write run\(main\)"):
        run(coroutine)
    coroutine.close()
    with pytest.raises(UsageError, match="await the coroutine there instead"):
        run(main)
    with pytest.raises(UsageError, match="inside a running event loop"):
        asyncio.run(main())


def test_the_garbage_collector_looks_less_often_meanwhile():
    async def main():
        return gc.get_threshold()

    before = gc.get_threshold()
    assert run(main)[0] > before[0]
    assert gc.get_threshold() == before
    try:
        gc.set_threshold(0)
        assert run(main)[0] == 0
    finally:
        gc.set_threshold(*before)


def test_the_random_module_starts_the_same_and_is_put_back():
    async def main():
        return random.random()

    state = random.getstate()
    assert run(main) == run(main)
    assert random.getstate() == state
