import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.bench.strategies import RateLimiter, SlidingWindowLimiter
from perfkit.errors import UsageError
from perfkit.sim import run
from perfkit.worlds.bitrix24.limits import LeakyBucket

MS = 1_000_000
pauses_ms = st.lists(st.sampled_from([0, 0, 0, 1, 250, 499, 500, 999, 1000, 1001, 5000]), max_size=40)
limits = st.tuples(st.integers(1, 6), st.sampled_from([0.5, 1.0, 2.0, 5.0]))


def passes_ns(make, pauses):
    """When calls that come after these pauses are let on, one task each."""

    async def main():
        loop = asyncio.get_running_loop()
        limiter, passed = make(), []

        async def call(number):
            async with limiter:
                passed.append((number, loop.now_ns))

        tasks = []
        for number, pause in enumerate(pauses):
            if pause:
                await asyncio.sleep(pause / 1e3)
            tasks.append(asyncio.create_task(call(number)))
        await asyncio.gather(*tasks)
        assert [number for number, _ in passed] == list(range(len(pauses)))  # first come first served
        return [at for _, at in passed]

    return run(main)


def test_a_burst_passes_and_then_so_many_a_second():
    times = passes_ns(lambda: RateLimiter(3, 2.0), [0] * 7)
    assert times == [0, 0, 0, 500 * MS, 1000 * MS, 1500 * MS, 2000 * MS]


def test_stepwise_they_pass_at_whole_seconds():
    times = passes_ns(lambda: RateLimiter(3, 2.0, stepwise=True), [250, *[0] * 6])
    assert times == [250 * MS] * 3 + [1250 * MS] * 2 + [2250 * MS] * 2


@settings(deadline=None, max_examples=60)
@given(pauses_ms, limits)
def test_the_stepwise_limiter_is_the_portals_bucket(pauses, limit):
    times = passes_ns(lambda: RateLimiter(*limit, stepwise=True), pauses)
    portal = LeakyBucket(*limit)
    assert all(portal.admit("", at / 1e9) for at in times)
    # nor does it make anybody wait whom the portal would have let in: who came then, came with its own pause
    portal, came = LeakyBucket(*limit), 0
    for pause, at, before in zip(pauses, times, [0, *times], strict=False):
        came += pause * MS
        if at > max(came, before):
            assert not portal.admit("", (at - MS) / 1e9)
        assert portal.admit("", at / 1e9)


@settings(deadline=None, max_examples=60)
@given(pauses_ms, st.tuples(st.integers(3, 8), st.sampled_from([1.0, 2.0])), st.integers(0, 999))
def test_an_even_limiter_with_room_keeps_to_a_portal_whose_steps_are_anywhere(pauses, limit, first_ms):
    burst, per_second = limit
    times = passes_ns(lambda: RateLimiter(burst - int(per_second), per_second), pauses)
    portal = LeakyBucket(burst, per_second)
    portal.admit("", -first_ms / 1e3)
    portal._buckets[""].level = 0.0  # a request of long ago, which the steps are counted from
    assert all(portal.admit("", at / 1e9) for at in times)


@settings(deadline=None, max_examples=60)
@given(pauses_ms, st.integers(1, 5))
def test_no_window_has_more_calls_than_allowed(pauses, calls):
    times = passes_ns(lambda: SlidingWindowLimiter(calls, 2.0), pauses)
    for early, late in zip(times, times[calls:], strict=False):
        assert late - early >= 2000 * MS
    came = 0
    for number, pause in enumerate(pauses):
        came += pause * MS
        allowed = times[number - calls] + 2000 * MS if number >= calls else 0
        assert times[number] == max(came, allowed, times[number - 1] if number else 0)


@pytest.mark.parametrize(
    "make", [lambda: RateLimiter(1, 1.0), lambda: SlidingWindowLimiter(1, 1.0)], ids=["bucket", "window"]
)
def test_who_gives_up_waiting_holds_nobody_back(make):
    """The limiter that sleeps under its lock keeps everybody behind the caller that is cancelled."""

    async def main():
        loop, limiter = asyncio.get_running_loop(), make()
        passed = []

        async def call(name):
            await limiter.wait()
            passed.append((name, loop.time()))

        tasks = [asyncio.create_task(call(name)) for name in "abcd"]
        await asyncio.sleep(0.5)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return passed

    assert run(main) == [("a", 0.0), ("c", 1.0), ("d", 2.0)]


def test_a_turn_that_came_in_the_moment_of_giving_up_counts():
    async def main():
        loop, limiter = asyncio.get_running_loop(), RateLimiter(1, 1.0)
        await limiter.wait()
        second = asyncio.create_task(limiter.wait())
        await asyncio.sleep(0)
        loop.call_later(1.0, second.cancel)  # the limiter's timer, made first, fires first
        await asyncio.gather(second, return_exceptions=True)
        await limiter.wait()
        return second.cancelled(), loop.time()

    assert run(main) == (True, 2.0)


def test_nobody_sleeps_while_there_is_room():
    async def main():
        limiter = RateLimiter(2, 0.001)
        await limiter.wait()
        await limiter.wait()
        return asyncio.get_running_loop().time()

    assert run(main) == 0.0


@pytest.mark.parametrize("bad", [(0, 1.0), (1, 0.0), (1, float("inf")), (float("nan"), 1.0)])
def test_limits_that_are_none_are_refused(bad):
    with pytest.raises(UsageError, match="lets nothing through or everything"):
        RateLimiter(*bad)


@pytest.mark.parametrize("bad", [(0, 1.0), (1, 0.0), (1, float("inf"))])
def test_windows_that_are_none_are_refused(bad):
    with pytest.raises(UsageError, match="let nothing through or everything"):
        SlidingWindowLimiter(*bad)
