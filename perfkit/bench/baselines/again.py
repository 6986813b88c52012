"""Allocation peaks that differ are measured again before they are called a change.

Every other figure is exact. A peak is as exact as the libraries it runs through: a thread that ends a moment
later, or a cache that is filled in another order, has been seen to move one by some bytes in one run of a few
hundred. A change that is real is off in every run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from perfkit.bench.baselines.comparing import MINOR
from perfkit.bench.baselines.document import Baseline, Entry, Values
from perfkit.bench.baselines.measuring import GatePlan, Measurement, measure
from perfkit.bench.scenario import Scenario

PEAK = "peak_bytes"


def confirm_peaks(
    scenarios: Sequence[Scenario], files: Mapping[str, Baseline], measured: Measurement, plan: GatePlan
) -> None:
    """Measure entries whose peak is not that of ``files`` once more; a size that is right then is right."""
    for scenario in scenarios:
        before, now = files[scenario.name], measured.baselines[scenario.name]
        if before.peaks_of.get(MINOR) != now.peaks_of.get(MINOR):
            continue  # not compared
        entries = now.entries
        off = {name for name in entries if _off(before.entries.get(name), entries[name])}
        if off:
            again = measure([scenario], replace(plan, only=frozenset(off))).baselines[scenario.name]
            for name in off & set(again.entries):
                _take(before.entries[name], entries[name], again.entries[name])


def _off(before: Entry | None, now: Entry) -> bool:
    was, current = _peaks(before), _peaks(now)
    return any(was[size] != current[size] for size in set(was) & set(current))


def _take(before: Entry, now: Entry, again: Entry) -> None:
    """A size whose peak is the recorded one in either measurement has it."""
    was, peaks = _peaks(before), _peaks(now)
    for size, peak in _peaks(again).items():
        if peak == was.get(size):
            peaks[size] = peak


def _peaks(entry: Entry | None) -> Values:
    return {} if entry is None else entry.python.get(MINOR, {}).get(PEAK, {})
