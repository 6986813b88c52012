from perfkit.model import HostFacts
from perfkit.rules.overlapping import listed, together
from perfkit.rules.view import View

from .traces import MS, request, trace_of


def calls(*durations_ms, host="h", **facts):
    """One step per call, one after another."""
    found, start = [], 0
    for duration in durations_ms:
        found.append([request(start * MS, duration * MS, url=f"http://{host}/x", method="GET", **facts)])
        start += duration
    return found


def saving(steps, hosts=()):
    spans = [span for step in steps for span in step]
    return together(steps, View(trace_of(spans, hosts)))


def test_the_longest_remains():
    found = saving(calls(100, 300, 200))
    assert found.saving_ns == 300 * MS
    assert found.basis == "3 one after another take 600 ms; together 300 ms: as long as the longest"


def test_the_calls_of_one_step_stay_one_after_another():
    (a,), (b,), (c,), (d,) = calls(100, 100, 150, 50)
    assert saving([[a, b], [c], [d]]).saving_ns == 200 * MS


def test_one_host_is_credited_with_five_at_a_time():
    found = saving(calls(*[100] * 20))
    assert found.saving_ns == 1600 * MS
    assert found.basis.endswith("together 400 ms: 5 at a time to one host")
    assert found.concurrency == 5
    spread = [step for n in range(20) for step in calls(100, host=f"h{n}")]
    assert saving(spread).saving_ns == 1900 * MS


def test_the_rate_limit_bounds_it():
    found = saving(calls(*[100] * 20), [HostFacts("h", burst=10, per_second=20.0)])
    assert found.saving_ns == 1500 * MS
    assert found.basis.endswith("together 500 ms: as long as the rate limit of h takes to let them pass")


def test_a_limit_that_is_slower_than_the_calls_leaves_nothing():
    found = saving(calls(*[100] * 20), [HostFacts("h", burst=10, per_second=1.0)])
    assert found.saving_ns == 0


def test_the_limit_of_another_host_does_not_matter():
    assert saving(calls(100, 100), [HostFacts("other", burst=1, per_second=0.1)]).saving_ns == 100 * MS


def test_names_are_listed_once_and_not_all():
    assert listed(["a", "b", "a"]) == "a, b"
    assert listed(list("abcdef")) == "a, b, c, d and 2 more"
