"""What a strategy is judged by: how long operators waited for the card of a call, and what went wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median

from _calls_day import ACCIDENT, MINUTE_NS
from _calls_portal import Command, Line

from perfkit.model import Series
from perfkit.worlds import Access

COUNTED = (
    "http_requests",
    "timeouts",
    "refused_503",
    "blocked_429",
    "blocked_finish",
    "blocked_attachrecord",
)
STEP_NS = 5 * MINUTE_NS


def report(world: Access, line: Line) -> None:
    """Put figures and series of the day into ``world``."""
    accident: list[int] = []
    normal: list[int] = []
    for card in line.cards:
        inside = ACCIDENT.from_ns <= card.due_ns < ACCIDENT.until_ns
        (accident if inside else normal).append(card.answered_ns - card.due_ns)
    for prefix, delays in (("", normal), ("accident_", accident)):
        if delays:
            world.figures.update(_quantiles(f"{prefix}card", sorted(delays)))
    world.figures.update({name: line.counts[name] for name in COUNTED})
    world.figures["orders_violated"] = line.done["not_found"]
    world.figures["given_up"] = line.done["given_up"]
    world.series.extend([waiting(line.commands), card_delays(line.cards)])


def _quantiles(name: str, ordered: Sequence[int]) -> dict[str, float]:
    def at(share: float) -> float:
        return ordered[math.ceil(share * len(ordered)) - 1]

    return {f"{name}_p50_ns": at(0.5), f"{name}_p95_ns": at(0.95), f"{name}_max_ns": ordered[-1]}


def waiting(commands: Sequence[Command]) -> Series:
    """The most commands at a time that were due and not answered, for each five minutes."""
    changes = sorted([(c.due_ns, 1) for c in commands] + [(c.answered_ns, -1) for c in commands])
    first, last = changes[0][0] // STEP_NS, changes[-1][0] // STEP_NS
    most: list[float | None] = [0] * (last - first + 1)
    now = place = 0
    for at_ns, change in changes:
        while place < at_ns // STEP_NS - first:
            place += 1
            most[place] = now
        now += change
        most[place] = max(most[place] or 0, now)
    return Series("commands waiting", "commands", first * STEP_NS, STEP_NS, most)


def card_delays(cards: Sequence[Command]) -> Series:
    """The median delay of the cards that became due in each five minutes."""
    by_step: dict[int, list[int]] = {}
    for card in cards:
        by_step.setdefault(card.due_ns // STEP_NS, []).append(card.answered_ns - card.due_ns)
    first, last = min(by_step, default=0), max(by_step, default=0)
    values = [median(by_step[step]) if step in by_step else None for step in range(first, last + 1)]
    return Series("card delay", "ns", first * STEP_NS, STEP_NS, values)
