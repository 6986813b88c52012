"""Targets of benchmarks beside the times that ``perfkit gate --base`` took of the head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from perfkit.bench.targets.checking import unmeasured
from perfkit.bench.targets.profile import Profile, Wanted
from perfkit.errors import UnknownNameError
from perfkit.model import Run, Target, Timing


def enter_timed(run: Run, profile: Profile) -> None:
    """Put the targets of the benchmarks that the run's gate timed into ``run``.

    A benchmark that was not among them is named in a warning: another command may time it.
    """
    timings = {timing.name: timing for timing in run.gate.timings} if run.gate is not None else {}
    run.targets += _targets(profile.benchmarks, timings)
    for name, wanted in profile.benchmarks.items():
        if name not in timings:
            unknown = UnknownNameError("benchmark", name, timings)
            run.warnings.append(f"{wanted.origin}: not checked in this run, which timed {unknown}")
    if sentence := unmeasured(run.targets):
        run.warnings.append(sentence)


def _targets(wanted: Mapping[str, Wanted], timings: Mapping[str, Timing]) -> Iterable[Target]:
    for name, each in wanted.items():
        if name in timings:
            for metric, limit in each.limits.items():
                yield Target(metric, name, limit, *_measured(metric, timings[name]))


def _measured(metric: str, timing: Timing) -> tuple[float | None, str]:
    if not timing.head_ns:
        return None, timing.reason or "the head was not timed"
    runs = f"{timing.pairs} pairs" if timing.pairs else "unpaired runs"
    basis = f"median of {runs}, wall time of this machine"
    if metric == "throughput":
        return 1e9 / timing.head_ns, f"one call after another; {basis}"
    return timing.head_ns, basis
