import asyncio
import gc
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import VirtualTimeoutError
from perfkit.sim import VirtualLoop, run
from perfkit.sim.timers import _reaches_ns
from tests.sim.support import now_ns


def test_sleeps_add_up_without_float_noise():
    async def main():
        for _ in range(201):
            await asyncio.sleep(0.2)
        return now_ns()

    assert run(main) == 40_200_000_000


def test_a_positive_delay_takes_at_least_a_nanosecond():
    async def main():
        await asyncio.sleep(1e-12)
        return now_ns()

    assert run(main) == 1


@given(st.integers(0, 2**60), st.floats(0, 1e9))
def test_call_at_fires_at_the_first_nanosecond_that_has_reached_it(now, delay):
    when = now / 1e9 + delay
    ns = _reaches_ns(when)
    rounding = max(1e-12, 4 * math.ulp(when))
    assert ns / 1e9 >= when - rounding
    assert (ns - 1) / 1e9 < when + rounding


@given(st.integers(0, 10**15), st.integers(0, 10**13))
def test_a_timeout_takes_as_long_as_it_says(now, delay):
    assert _reaches_ns(now / 1e9 + delay / 1e9) == now + delay


def test_a_timer_finds_that_its_time_has_come():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        for i in range(1000):
            when = loop.time() + 0.05
            done = asyncio.Event()
            loop.call_at(when, lambda when=when: seen.append(loop.time() >= when))
            loop.call_at(when, done.set)
            await done.wait()
            assert loop.now_ns == (i + 1) * 50_000_000
        return seen

    assert run(main) == [True] * 1000


def test_timers_run_in_order_of_time_then_of_making():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        loop.call_later(0.2, seen.append, "c")
        loop.call_later(0.1, seen.append, "a")
        loop.call_at(0.1, seen.append, "b")
        loop.call_later(-5, seen.append, "past")
        loop.call_later(math.inf, seen.append, "never")
        await asyncio.sleep(1)
        return seen

    assert run(main) == ["past", "a", "b", "c"]


def test_cancelled_timers_neither_run_nor_move_the_clock_nor_pile_up():
    async def main():
        loop = asyncio.get_running_loop()
        for _ in range(5000):
            loop.call_later(300, print).cancel()
        await asyncio.sleep(1)
        return now_ns(), len(loop._heap)

    now, left = run(main)
    assert now == 1_000_000_000
    assert left <= 100


def test_purging_keeps_the_order_of_the_rest():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        timers = [loop.call_later(1, seen.append, i) for i in range(1000)]
        for i, timer in enumerate(timers):
            if i % 10:
                timer.cancel()
        await asyncio.sleep(1)
        return seen

    assert run(main) == list(range(0, 1000, 10))


def test_timeouts_fire_on_time():
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.25):
                await asyncio.sleep(10)
        first = now_ns()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 0.5)
        return first, now_ns()

    assert run(main) == (250_000_000, 750_000_000)


def test_the_limit_holds_whatever_is_swallowed():
    ended = []

    async def stubborn():
        while True:
            try:
                await asyncio.sleep(1)
            except (asyncio.CancelledError, Exception):
                ended.append("swallowed")

    with pytest.raises(VirtualTimeoutError, match=r"not done by 10 s of virtual time.*next event at 11 s"):
        run(stubborn, limit_ns=10_000_000_000)
    gc.collect()
    assert "swallowed" in ended


def test_an_event_exactly_at_the_limit_still_happens():
    async def main():
        await asyncio.sleep(10)
        return "done"

    assert run(main, limit_ns=10_000_000_000) == "done"


def test_gather_task_groups_and_cancellation():
    async def step(seconds, log):
        try:
            await asyncio.sleep(seconds)
            log.append((now_ns(), seconds))
        except asyncio.CancelledError:
            log.append((now_ns(), "cancelled"))
            raise

    async def fail():
        await asyncio.sleep(0.5)
        raise KeyError("broken")

    async def group(*coroutines):
        async with asyncio.TaskGroup() as tasks:
            for coroutine in coroutines:
                tasks.create_task(coroutine)

    async def main():
        log = []
        await asyncio.gather(step(0.3, log), step(0.1, log), step(0.2, log))
        with pytest.raises(ExceptionGroup):
            await group(step(5, log), fail())
        return log

    assert run(main) == [
        (100_000_000, 0.1),
        (200_000_000, 0.2),
        (300_000_000, 0.3),
        (800_000_000, "cancelled"),
    ]


def test_an_executor_runs_inline_outside_the_loop():
    def work(a, b):
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return a + b

    def broken():
        raise KeyError("broken")

    async def main():
        loop = asyncio.get_running_loop()
        total = await loop.run_in_executor(None, work, 1, 2)
        assert asyncio.get_running_loop() is loop
        with pytest.raises(KeyError):
            await asyncio.to_thread(broken)
        return total, now_ns()

    assert run(main) == (3, 0)


def test_call_soon_threadsafe():
    async def main():
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon_threadsafe(event.set)
        await event.wait()
        return now_ns()

    assert run(main) == 0


def test_an_error_in_a_callback_goes_to_the_exception_handler_and_the_loop_goes_on():
    async def main():
        loop, seen = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda _, context: seen.append(repr(context["exception"])))
        loop.call_later(1, lambda: 1 / 0)
        await asyncio.sleep(2)
        return seen

    assert run(main) == ["ZeroDivisionError('division by zero')"]


def test_a_closed_loop_takes_no_timers():
    loop = VirtualLoop()
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)


def test_computing_time_is_counted_per_host():
    def work():
        return sum(range(200_000))

    async def main():
        loop = asyncio.get_running_loop()
        before = loop.computing_ns()
        work()
        own = loop.computing_ns() - before
        done = asyncio.Event()
        context = loop.new_context("api.example")
        loop.call_soon(lambda: (work(), done.set()), context=context)
        await done.wait()
        other = loop.computing_ns("api.example")
        return own, other, loop.computing_ns("nobody"), loop.now_ns

    own, other, nobody, now = run(main)
    assert own > 0
    assert other > 0
    assert (nobody, now) == (0, 0)
