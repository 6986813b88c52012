"""Entries of several runs, sizes and states put together as one."""

from __future__ import annotations

from collections.abc import Iterable

from perfkit.bench.baselines.document import Entry, Metrics
from perfkit.bench.baselines.metrics import FINDING, costliest


def merged(parts: Iterable[Entry]) -> Entry:
    """One entry of those of one strategy: places and paths are those of the largest size.

    A metric that a size does not have is 0 there. Findings are made of cold runs; warm ones are given them.
    """
    whole, largest = Entry(), -1
    for part in parts:
        for state, metrics in part.states.items():
            _add(whole.states.setdefault(state, {}), metrics)
        for minor, metrics in part.python.items():
            _add(whole.python.setdefault(minor, {}), metrics)
        whole.inputs |= part.inputs
        whole.failed |= part.failed
        whole.findings = costliest([*whole.findings.items(), *part.findings.items()])
        size = max(part.sizes, default=-1)
        if part.places and size > largest:
            largest, whole.places, whole.paths = size, part.places, part.paths
    cold = whole.states.get("cold", {})
    findings = {metric: values for metric, values in cold.items() if metric.startswith(f"{FINDING} ")}
    for metrics in whole.states.values():
        metrics.update({metric: dict(values) for metric, values in findings.items()})
        _fill(metrics, whole.sizes)
    return whole


def _add(metrics: Metrics, more: Metrics) -> None:
    for metric, values in more.items():
        metrics.setdefault(metric, {}).update(values)


def _fill(metrics: Metrics, sizes: set[int]) -> None:
    for values in metrics.values():
        for size in sizes - set(values):
            values[size] = 0
