"""The leaky bucket and the ledger of operating time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.limits import LeakyBucket, OperatingLedger, RequestSpending

pytestmark = pytest.mark.once


NOW_S = 1_767_225_600.123


def admitted(bucket, number, now_s, client="a"):
    return sum(bucket.admit(client, now_s) for _ in range(number))


def test_sixty_calls_at_once_give_fifty_answers():
    bucket = LeakyBucket(50, 2.0)
    answers = [bucket.admit("a", NOW_S) for _ in range(60)]
    assert answers == [True] * 50 + [False] * 10


def test_the_counter_falls_in_steps_of_a_second():
    bucket = LeakyBucket(50, 2.0)
    assert admitted(bucket, 60, NOW_S) == 50
    assert admitted(bucket, 10, NOW_S + 0.999) == 0
    assert admitted(bucket, 10, NOW_S + 1.0) == 2
    assert admitted(bucket, 10, NOW_S + 1.5) == 0
    assert admitted(bucket, 10, NOW_S + 4.0) == 6
    assert admitted(bucket, 60, NOW_S + 1000.0) == 50


def test_a_second_is_a_second_however_large_the_clock_is():
    for tick in range(1, 200):
        bucket = LeakyBucket(1, 1.0)
        assert bucket.admit("a", NOW_S)
        assert bucket.admit("a", NOW_S + tick)


def test_each_client_has_its_own_bucket():
    bucket = LeakyBucket(2, 1.0)
    assert admitted(bucket, 5, NOW_S, "a") == 2
    assert admitted(bucket, 5, NOW_S, "b") == 2


def test_blocked_calls_may_fill_the_bucket_too():
    bucket = LeakyBucket(5, 2.0, blocked_count=True)
    assert admitted(bucket, 9, NOW_S) == 5
    assert admitted(bucket, 1, NOW_S + 1) == 0, "9 - 2 is still above 5; that call makes it 8"
    assert admitted(bucket, 1, NOW_S + 2) == 0, "8 - 2 + 1 is above 5"
    assert admitted(bucket, 1, NOW_S + 4) == 1, "7 - 4 + 1 is not"


def test_no_burst_means_no_limit():
    assert admitted(LeakyBucket(None, 2.0), 1000, NOW_S) == 1000


@given(
    st.lists(st.integers(0, 3000), max_size=200), st.integers(1, 20), st.sampled_from([0.5, 1.0, 2.0, 5.0])
)
def test_never_more_than_the_burst_and_the_rate_allow(gaps_ms, burst, per_second):
    bucket, now_ms, times = LeakyBucket(burst, per_second), 0, []
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        if bucket.admit("a", now_ms / 1000):
            times.append(now_ms)
    for first, start_ms in enumerate(times):
        for last in range(first, len(times)):
            ticks = (times[last] - gaps_ms[0]) // 1000 - (start_ms - gaps_ms[0]) // 1000
            assert last - first + 1 <= burst + per_second * ticks


def test_operating_time_adds_up_per_method_and_is_forgotten_after_ten_minutes():
    ledger = OperatingLedger()
    ledger.record("c", "m", 1000.0, 200_000_000)
    ledger.record("c", "m", 1100.0, 300_000_000)
    ledger.record("c", "other", 1100.0, 900_000_000)
    ledger.record("d", "m", 1100.0, 900_000_000)
    assert ledger.read("c", "m", 1100.0) == (0.5, 1600)
    assert ledger.read("c", "m", 1620.0) == (0.3, 1700)
    assert ledger.read("c", "m", 1800.0) == (0.0, 2400)


@pytest.mark.parametrize(
    ("costs_ns", "spent_s"),
    [
        ([100_000_000], 0.0),
        ([100_000_001], 0.100000001),
        ([60_000_000, 40_000_000], 0.0),
        ([60_000_000, 60_000_000], 0.12),
        ([60_000_000] * 4, 0.24),
    ],
)
def test_what_a_request_spends_on_a_method_is_free_up_to_a_tenth_of_a_second(costs_ns, spent_s):
    ledger = OperatingLedger()
    request = RequestSpending(ledger, "c")
    for cost_ns in costs_ns:
        request.add("m", 0.0, cost_ns)
    request.add("other", 0.0, 90_000_000)
    assert ledger.read("c", "m", 0.0)[0] == spent_s
    assert ledger.read("c", "other", 0.0)[0] == 0


def test_the_documented_example_of_the_operating_limit():
    """25 calls of 20 s are let in, the 26th is not, until a bucket of 40 s is forgotten."""
    ledger = OperatingLedger()
    called = []
    for number in range(26):
        now_s = 20.0 * number
        if not ledger.blocks("c", "crm.item.list", now_s):
            ledger.record("c", "crm.item.list", now_s, 20_000_000_000)
            called.append(number)
    assert called == list(range(25))
    assert ledger.read("c", "crm.item.list", 500.0) == (500.0, 600)
    assert ledger.blocks("c", "crm.item.list", 599.999)
    assert not ledger.blocks("c", "other", 599.999)
    assert not ledger.blocks("d", "crm.item.list", 599.999)
    assert not ledger.blocks("c", "crm.item.list", 600.0)
    assert ledger.read("c", "crm.item.list", 600.0) == (440.0, 660)
    assert ledger.read("c", "crm.item.list", 1200.0)[0] == 0.0


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 10)), max_size=60))
def test_the_ledger_holds_ten_buckets_of_a_minute(calls):
    """Against a plain list of all calls: those of the last ten minutes of the clock count."""
    ledger, made, now_s = OperatingLedger(), [], 0
    for gap_s, cost_s in calls:
        now_s += gap_s
        ledger.record("c", "m", float(now_s), cost_s * 1_000_000_000)
        made.append((now_s, cost_s))
        kept = [(at_s, spent_s) for at_s, spent_s in made if at_s // 60 > now_s // 60 - 10]
        spent_s, reset_s = ledger.read("c", "m", float(now_s))
        assert spent_s == sum(spent for _, spent in kept)
        assert reset_s == kept[0][0] + 600


def test_the_limit_itself_is_still_let_in():
    ledger = OperatingLedger(limit_s=1.0)
    ledger.record("c", "m", 0.0, 1_000_000_000)
    assert not ledger.blocks("c", "m", 0.0)
    ledger.record("c", "m", 0.0, 1)
    assert ledger.blocks("c", "m", 0.0)
