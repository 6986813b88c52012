"""Whether a benchmark can be gated at all here: it must be quiet when nothing changed, and find what did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from msgspec import structs

from perfkit.bench.ab.controller import Compared, Progress, compare
from perfkit.bench.ab.plan import AbPlan, Side
from perfkit.model import Timing, Verdict

SLOWDOWN = 0.05
"""The share by which the second comparison's head is really slowed."""


def self_test(
    side: Side,
    entry: str,
    options: Mapping[str, Any],
    plan: AbPlan,
    progress: Progress | None = None,
    *,
    slowdown: float = SLOWDOWN,
) -> Compared:
    """Compare a tree with itself, and with itself slowed: part of each batch is done again, inside its time.

    A benchmark that is quiet in the first and found in the second comes out as NO_CHANGE, with what was found
    in its reason; every other as INCONCLUSIVE, with why it is no gate. Raises as ``compare`` does.
    """
    tell = progress or (lambda _: None)
    same = compare(side, side, entry, options, plan, lambda text: tell(f"unchanged: {text}"))
    if same.interrupted:
        return same
    slower = replace(plan, head_slower=slowdown)
    slowed = compare(side, side, entry, options, slower, lambda text: tell(f"{slowdown:.0%} slower: {text}"))
    found = {timing.name: timing for timing in slowed.timings}
    timings = [judged(timing, found.get(timing.name), slowdown) for timing in same.timings]
    return Compared(timings, same.notes, slowed.interrupted, same.values)


def judged(same: Timing, slowed: Timing | None, slowdown: float) -> Timing:
    """``same`` with the verdict of both comparisons."""
    if same.verdict is not Verdict.NO_CHANGE:
        return _no_gate(same, f"not quiet: unchanged code came out as {_told(same)}")
    if slowed is None or slowed.verdict is not Verdict.REGRESSED:
        told = _told(slowed) if slowed else "nothing"
        return _no_gate(same, f"cannot fail: slowed by {slowdown:.1%}, it came out as {told}")
    reason = f"can be gated: quiet, and a slowdown of {slowdown:.1%} came out as {_told(slowed)}"
    return structs.replace(same, reason=reason, real_ns=same.real_ns + slowed.real_ns)


def _no_gate(timing: Timing, why: str) -> Timing:
    return structs.replace(timing, verdict=Verdict.INCONCLUSIVE, reason=f"no gate: {why}")


def _told(timing: Timing) -> str:
    change = "" if timing.ratio is None else f" ({(timing.ratio - 1) * 100:+.1f} %)"
    return f"{timing.verdict.value}{change}, {timing.pairs} pairs" + (
        f": {timing.reason}" if timing.reason else ""
    )
