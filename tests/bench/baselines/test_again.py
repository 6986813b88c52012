"""Peaks that differ are measured again; nothing else is."""

import pytest

from perfkit.bench.baselines import again
from perfkit.bench.baselines.comparing import MINOR
from perfkit.bench.baselines.document import Baseline, Entry
from perfkit.bench.baselines.measuring import GatePlan, Measurement


class Shop:
    name = "shop"


def baseline(peaks, of="one machine"):
    entries = {name: Entry(python={MINOR: {"peak_bytes": dict(values)}}) for name, values in peaks.items()}
    return Baseline("shop", entries=entries, peaks_of={MINOR: of})


@pytest.fixture
def asked(monkeypatch):
    """Which entries were measured again; they come out as ``asked.result``."""

    class Asked(list):
        result = baseline({})

    asked = Asked()

    def measure(scenarios, plan):
        asked.append((scenarios, set(plan.only)))
        return Measurement({"shop": asked.result})

    monkeypatch.setattr(again, "measure", measure)
    return asked


def confirmed(recorded, now):
    again.confirm_peaks([Shop], {"shop": recorded}, Measurement({"shop": now}), GatePlan())
    return {name: entry.python[MINOR]["peak_bytes"] for name, entry in now.entries.items()}


def test_equal_peaks_are_not_measured_again(asked):
    confirmed(baseline({"w/a": {20: 5}}), baseline({"w/a": {20: 5}, "w/new": {20: 7}}))
    assert asked == []


def test_a_peak_that_is_right_in_one_of_two_runs_is_right(asked):
    asked.result = baseline({"w/a": {20: 5, 60: 10}})
    now = baseline({"w/a": {20: 5, 60: 9}, "w/b": {20: 1}})
    assert confirmed(baseline({"w/a": {20: 5, 60: 10}, "w/b": {20: 1}}), now)["w/a"] == {20: 5, 60: 10}
    assert asked == [([Shop], {"w/a"})]


def test_a_peak_that_is_off_twice_stays_off(asked):
    asked.result = baseline({"w/a": {20: 8}})
    assert confirmed(baseline({"w/a": {20: 5}}), baseline({"w/a": {20: 9}})) == {"w/a": {20: 9}}


def test_peaks_that_are_not_compared_are_not_measured_again(asked):
    confirmed(baseline({"w/a": {20: 5}}, of="another"), baseline({"w/a": {20: 6}}))
    assert asked == []


def test_an_entry_that_cannot_be_measured_again_stays_off(asked):
    assert confirmed(baseline({"w/a": {20: 5}}), baseline({"w/a": {20: 6}})) == {"w/a": {20: 6}}
