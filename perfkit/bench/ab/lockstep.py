"""Timing one benchmark in both sides in turn: only one of them runs at any moment."""

from __future__ import annotations

import math
import os
import random
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from perfkit.bench.ab.links import Link

BATCH_NS = 1_000_000
"""About what a batch of calls takes: long for a timer, short against a burst of other people's load."""

ROUNDS = 60
"""A batch in each side is a round. More would tell more of this pair, but it is the pairs that vary."""

LONGEST_NS = 300_000_000
"""Slow benchmarks, and a busy machine, make do with the rounds that fit in here; one is always done."""

BLOCK = 3
WARM_NS = 5_000_000
"""Calls that are not timed, after those which find the number of loops."""


@dataclass(frozen=True)
class PairValue:
    """What one pair says of a benchmark: the logarithm of head / base, and the time of one call in each."""

    log_ratio: float
    base_ns: float
    head_ns: float


def time_pair(name: str, base: Link, head: Link, loops: int, draw: random.Random) -> tuple[PairValue, int]:
    """Time the benchmark that both sides stand at; ``loops`` calls a batch, or 0 to find out how many.

    Returns what the pair says, and the loops used. Raises SideLostError when a side fails.
    """
    links = [base, head]
    answers = [link.ask(name, do="calibrate", batch_ns=BATCH_NS) for link in draw.sample(links, 2)]
    loops = loops or min(answer["loops"] for answer in answers)
    _pin(name, links, draw, alone=all(answer["alone"] for answer in answers))
    _warm(name, links, loops, max(answer["ns"] / answer["loops"] for answer in answers))
    took: dict[str, list[float]] = {"base": [], "head": []}
    until = time.perf_counter_ns() + LONGEST_NS
    while not took["base"] or (len(took["base"]) < ROUNDS and time.perf_counter_ns() < until):
        for link in draw.sample(links, 2):
            answer = link.ask(name, do="batch", loops=loops)
            took[link.side].append(max(answer["ns"], 1) / loops)
    return summarised(took["base"], took["head"]), loops


def _pin(name: str, links: Sequence[Link], draw: random.Random, *, alone: bool) -> None:
    """Let both sides run on one processor, another in each pair.

    Two processes on two processors meet different neighbours: on a busy machine that alone was measured to
    make one of them 40 % slower for a whole pair. What works in several threads or processes is left alone.
    """
    if alone and hasattr(os, "sched_getaffinity"):
        processor = draw.choice(sorted(os.sched_getaffinity(0)))
        for link in links:
            link.ask(name, do="pin", processor=processor)


def _warm(name: str, links: Sequence[Link], loops: int, call_ns: float) -> None:
    for _ in range(min(5, int(WARM_NS // max(call_ns * loops, 1)))):
        for link in links:
            link.ask(name, do="batch", loops=loops)


def summarised(base_ns: Sequence[float], head_ns: Sequence[float]) -> PairValue:
    """One value of all rounds: the median, over blocks of three, of the ratio of their quickest batches.

    The quickest of three is seldom the one that was disturbed, and neighbours in time share what lasts
    longer. On a busy machine this varied least: over 192 pairs of each of three benchmarks by .65 to .89 %
    (standard deviation), where the median of all rounds varied by .61 to 1.16 %.
    """
    quickest = [(min(base), min(head)) for base, head in zip(_blocks(base_ns), _blocks(head_ns), strict=True)]
    log_ratio = statistics.median(math.log(head / base) for base, head in quickest)
    bases, heads = zip(*quickest, strict=True)
    return PairValue(log_ratio, statistics.median(bases), statistics.median(heads))


def _blocks(values: Sequence[float]) -> list[Sequence[float]]:
    """Whole blocks only; what is left over at the end is no match for them."""
    return [values[start : start + BLOCK] for start in range(0, max(len(values) - BLOCK, 0) + 1, BLOCK)]
