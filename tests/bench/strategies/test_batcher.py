import asyncio
import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from perfkit.bench.strategies import Batcher
from perfkit.errors import ScenarioError, UsageError
from perfkit.sim import run


class Far:
    """What batches are sent to: notes when each came and went, and answers after ``cost_s``."""

    def __init__(self, cost_s=1.0):
        self.cost_s = cost_s
        self.batches = []
        self.under_way = self.peak = 0

    async def send(self, items):
        loop = asyncio.get_running_loop()
        batch = [loop.time(), None, list(items)]
        self.batches.append(batch)
        self.under_way += 1
        self.peak = max(self.peak, self.under_way)
        try:
            await asyncio.sleep(self.cost_s)
        finally:
            self.under_way -= 1
        batch[1] = loop.time()
        return [f"answer to {item}" for item in items]

    @property
    def sent(self):
        return [(began, items) for began, _, items in self.batches]


def simulate(main):
    return run(main, limit_ns=3600 * 10**9)


def test_a_full_batch_leaves_at_once_and_a_part_when_its_time_is_up():
    far = Far()

    async def main():
        async with Batcher(far.send, max_items=2, max_wait_s=5) as batcher:
            calls = [asyncio.create_task(batcher.call(item)) for item in "abc"]
            await asyncio.sleep(20)
            assert (batcher.waiting, batcher.under_way) == (0, 0)
            return [call.result() for call in calls]

    assert simulate(main) == ["answer to a", "answer to b", "answer to c"]
    assert far.sent == [(0.0, ["a", "b"]), (5.0, ["c"])]


def test_the_window_begins_with_the_first_item():
    far = Far()

    async def main():
        async with Batcher(far.send, max_items=50, max_wait_s=2) as batcher:
            for item in range(5):
                batcher.submit(item)
                await asyncio.sleep(0.75)
            await asyncio.sleep(5)

    simulate(main)
    assert far.sent == [(2.0, [0, 1, 2]), (2.25 + 2.0, [3, 4])]


def test_every_waiter_is_woken():
    """The guide's batcher answers only the caller whose item fills the batch."""

    async def main():
        async with Batcher(Far().send, max_items=10, max_wait_s=1) as batcher:
            return await asyncio.wait_for(asyncio.gather(*map(batcher.call, range(25))), 10)

    assert len(simulate(main)) == 25


@pytest.mark.parametrize("in_flight", [1, 3])
def test_batches_wait_for_each_other_only_when_too_many_are_under_way(in_flight):
    far = Far(cost_s=10)

    async def main():
        async with Batcher(far.send, max_items=1, max_wait_s=0, in_flight=in_flight) as batcher:
            await asyncio.gather(*map(batcher.call, range(6)))
        return asyncio.get_running_loop().time()

    assert simulate(main) == 60 / in_flight
    assert far.peak == in_flight
    assert [items for _, items in far.sent] == [[n] for n in range(6)]


def test_without_a_window_what_came_meanwhile_goes_together():
    far = Far()

    async def main():
        async with Batcher(far.send, max_wait_s=0, in_flight=1) as batcher:
            for item in range(10):
                batcher.submit(item)
                await asyncio.sleep(0.3)

    simulate(main)
    assert [items for _, items in far.sent] == [[0], [1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_items_of_a_key_keep_their_order():
    far = Far(cost_s=10)

    async def main():
        async with Batcher(far.send, max_items=2, max_wait_s=0, key=lambda item: item[0]) as batcher:
            for item in ("a1", "a2", "a3", "b1", "a4"):
                batcher.submit(item)
                await asyncio.sleep(1)

    simulate(main)
    assert far.sent == [(0.0, ["a1"]), (3.0, ["b1"]), (10.0, ["a2", "a3"]), (20.0, ["a4"])]


items_of_keys = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, 0, 1, 4])), max_size=30)


@settings(deadline=None, max_examples=80)
@given(
    items_of_keys,
    st.integers(1, 4),
    st.integers(1, 3),
    st.sampled_from([0, 2]),
    st.sampled_from([None, 1, 3]),
    st.sets(st.integers(0, 29), max_size=5),
)
@example([("a", 0)] * 3, 1, 1, 0, 1, {1, 2})  # one gives up in the moment in which a place is free
def test_no_key_is_ever_in_two_batches_nor_out_of_order(
    items, max_items, in_flight, window, max_waiting, given_up
):
    far = Far(cost_s=3)

    async def main():
        options = {"max_items": max_items, "max_wait_s": window, "in_flight": in_flight}
        async with Batcher(far.send, key=lambda i: i[0], max_waiting=max_waiting, **options) as batcher:
            calls = []
            for number, (key, pause) in enumerate(items):
                calls.append(asyncio.create_task(batcher.call((key, number))))
                if number in given_up:
                    asyncio.get_running_loop().call_later(2, calls[-1].cancel)
                await asyncio.sleep(pause)
            answers = await asyncio.gather(*calls, return_exceptions=True)
        assert batcher._backlog._lanes == {}
        assert (batcher._backlog.all, batcher._backlog.free, batcher._let_on) == (0, 0, 0)
        return answers

    answers = simulate(main)
    sent = [item for _, _, batch in far.batches for item in batch]
    assert len(set(sent)) == len(sent)
    for number, answer in enumerate(answers):
        if number not in given_up:
            assert answer == f"answer to {(items[number][0], number)}"
    for key in "abc":
        numbers = [number for k, number in sent if k == key]
        assert numbers == sorted(numbers)
        times = [(began, ended) for began, ended, batch in far.batches if any(k == key for k, _ in batch)]
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(times))
    assert far.peak <= in_flight
    assert all(len(batch) <= max_items for _, _, batch in far.batches)


def test_an_error_of_one_item_is_its_callers():
    async def send(items):
        return [KeyError(item) if item == "bad" else item for item in items]

    async def main():
        async with Batcher(send, max_items=2) as batcher:
            return await asyncio.gather(batcher.call("good"), batcher.call("bad"), return_exceptions=True)

    good, bad = simulate(main)
    assert good == "good"
    assert isinstance(bad, KeyError)


@pytest.mark.parametrize(
    ("send_raises", "kind"), [(OSError("gone"), OSError), (asyncio.CancelledError(), asyncio.CancelledError)]
)
def test_an_error_of_a_batch_is_everybodys_and_the_next_goes_on(send_raises, kind):
    errors = [send_raises]

    async def send(items):
        if errors:
            raise errors.pop()
        return items

    async def main():
        async with Batcher(send, max_items=2, in_flight=1) as batcher:
            return await asyncio.gather(*map(batcher.call, range(4)), return_exceptions=True)

    first, second, *rest = simulate(main)
    assert isinstance(first, kind)
    assert isinstance(second, kind)
    assert rest == [2, 3]


def test_a_send_that_answers_too_few_says_so():
    async def send(items):
        return items[1:]

    async def main():
        async with Batcher(send, max_items=2) as batcher:
            return await asyncio.gather(*map(batcher.call, range(2)), return_exceptions=True)

    for error in simulate(main):
        assert isinstance(error, ScenarioError)
        assert "1 answers for a batch of 2 items" in str(error)


def test_who_gives_up_takes_the_item_back():
    far = Far()

    async def main():
        async with Batcher(far.send, max_items=3, max_wait_s=5) as batcher:
            calls = [asyncio.create_task(batcher.call(item)) for item in "ab"]
            await asyncio.sleep(1)
            calls[0].cancel()
            await asyncio.sleep(1)
            assert batcher.waiting == 1
            await calls[1]

    simulate(main)
    assert far.sent == [(5.0, ["b"])]


def test_the_window_of_the_next_counts_when_the_first_gives_up():
    far = Far()

    async def main():
        async with Batcher(far.send, max_wait_s=5) as batcher:
            first = asyncio.create_task(batcher.call("a"))
            await asyncio.sleep(2)
            second = asyncio.create_task(batcher.call("b"))
            await asyncio.sleep(1)
            first.cancel()
            await second

    simulate(main)
    assert far.sent == [(7.0, ["b"])]


def test_who_gives_up_when_it_is_sent_harms_nobody():
    far = Far()

    async def main():
        async with Batcher(far.send, max_items=2) as batcher:
            first, second = (asyncio.create_task(batcher.call(item)) for item in "ab")
            await asyncio.sleep(0.5)
            first.cancel()
            return await second

    assert simulate(main) == "answer to b"


def test_a_future_that_was_cancelled_is_not_sent():
    far = Far()

    async def main():
        async with Batcher(far.send, max_wait_s=1) as batcher:
            kept, given_up = batcher.submit("a"), batcher.submit("b")
            given_up.cancel()
            await kept
            batcher.submit("c").cancel()
            await asyncio.sleep(5)
            assert batcher.waiting == 0

    simulate(main)
    assert far.sent == [(1.0, ["a"])]


def test_too_many_that_wait_hold_their_callers_back_in_order():
    far = Far(cost_s=10)

    async def main():
        options = {"max_items": 2, "max_wait_s": 0, "in_flight": 1, "max_waiting": 2}
        async with Batcher(far.send, **options) as batcher:
            calls = [asyncio.create_task(batcher.call(item)) for item in "abcdef"]
            await asyncio.sleep(1)
            assert batcher.waiting == 2
            calls[3].cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    simulate(main)
    assert far.sent == [(0.0, ["a"]), (10.0, ["b", "c"]), (20.0, ["e", "f"])]


def test_closing_sends_what_is_left_without_its_window():
    far = Far()

    async def main():
        async with Batcher(far.send, max_wait_s=500, in_flight=1, max_items=2) as batcher:
            answers = [batcher.submit(item) for item in "abc"]
        assert all(answer.done() for answer in answers)
        with pytest.raises(UsageError, match="is closed"):
            await batcher.call("d")
        return asyncio.get_running_loop().time()

    assert simulate(main) == 2.0
    assert far.sent == [(0.0, ["a", "b"]), (1.0, ["c"])]


def test_a_block_that_fails_refuses_what_is_left():
    far = Far()

    async def main():
        answers, held = [], []

        async def block():
            async with Batcher(far.send, max_wait_s=500, in_flight=1, max_items=2, max_waiting=2) as batcher:
                answers.extend(batcher.submit(item) for item in "abcd")
                held.append(asyncio.create_task(batcher.call("e")))
                await asyncio.sleep(0.5)
                raise KeyError

        with pytest.raises(KeyError):
            await block()
        errors = await asyncio.gather(*answers, *held, return_exceptions=True)
        return [type(error) for error in errors], asyncio.get_running_loop().time()

    cancelled, refused = asyncio.CancelledError, UsageError
    assert simulate(main) == ([cancelled, cancelled, refused, refused, refused], 0.5)
    assert far.sent == [(0.0, ["a", "b"])]


@pytest.mark.parametrize("bad", [{"max_items": 0}, {"in_flight": 0}, {"max_waiting": 0}])
def test_numbers_that_send_nothing_are_refused(bad):
    with pytest.raises(UsageError, match="must be 1 or more, not 0"):
        Batcher(Far().send, **bad)


@pytest.mark.parametrize("bad", [-1, float("inf"), float("nan")])
def test_windows_that_are_none_are_refused(bad):
    with pytest.raises(UsageError, match="max_wait_s must be 0 or more and finite"):
        Batcher(Far().send, max_wait_s=bad)


def test_it_works_on_a_real_loop():
    async def main():
        async with Batcher(Far(cost_s=0).send, max_items=3, max_wait_s=0.001) as batcher:
            return await asyncio.gather(*map(batcher.call, range(10)))

    assert len(asyncio.run(main())) == 10
