"""A day of a call centre: when calls ring, how long people talk, and what the portal is to be told of it.

Everything is drawn by seed and number, in whole milliseconds: the same calls for every strategy.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

from perfkit.model import Mark
from perfkit.sim.distributions import Lognormal, Uniform, draw_ns, share_of
from perfkit.worlds.bitrix24.data import REPORT_MANAGERS

HOUR_NS = 3_600_000_000_000
MINUTE_NS = HOUR_NS // 60
SECOND_NS = 1_000_000_000
MS_NS = 1_000_000

HUMPS = (NormalDist(11.0, 1.65), NormalDist(15.5, 1.65))
"""Hours at which calls ring: two humps of one width. The peak hour has an eighth of the day's calls, which is
2.9 commands a second of a day with 15,000 calls."""

OPEN_H, CLOSED_H = 7.0, 20.0
"""Nobody rings before and after."""

TALK = Lognormal(150 * SECOND_NS, 0.6)
"""From the ring to the end. Assumed: half of all calls are over within two and a half minutes."""

RECORD = Uniform(5 * SECOND_NS, 30 * SECOND_NS)
"""From the end of a call to its recording. Assumed."""

TRANSFER_SHARE = 0.25
"""How often a call is handed on, and again, and again."""

ACCIDENT = Mark("accident: a command costs 2 s instead of 0.2 s", 11 * HOUR_NS, 11 * HOUR_NS + 10 * MINUTE_NS)

WHOLE_DAY = 15_000
EXCERPT = 1_500
EXCERPT_FROM_NS = ACCIDENT.from_ns - 20 * MINUTE_NS
"""The small size is the calls that ring from 10:40 on in the day of 15,000: the rate is the real day's."""

GATED = (100, 200)
"""For ``perfkit gate``: still smaller excerpts, which begin as much nearer to the accident."""

OPERATORS = REPORT_MANAGERS[:10]
"""Users of the portal who answer calls."""


@dataclass(frozen=True)
class Call:
    """One call: ``users`` are who had it, in turn; ``number`` names it towards the portal."""

    number: int
    rings_ns: int
    ends_ns: int
    record_ns: int
    users: tuple[int, ...]
    handed_on_ns: tuple[int, ...]

    @property
    def phone(self) -> str:
        """Who rings."""
        return f"7900{self.number:07d}"


class Event(NamedTuple):
    """What the portal is to be told of a call, and when: all ``kinds`` at once, in their order.

    ``turn`` is the place in ``Call.users`` of whom it is about.
    """

    at_ns: int
    call: Call
    kinds: tuple[str, ...]
    turn: int


def calls_of(size: int, seed: int) -> list[Call]:
    """The calls of a day with so many, in their order; of the excerpt if there are few."""
    rings_ns = sorted(_rings_ns(number, seed) for number in range(WHOLE_DAY if size <= EXCERPT else size))
    before_ns = (ACCIDENT.from_ns - EXCERPT_FROM_NS) * size // EXCERPT
    first = bisect_left(rings_ns, ACCIDENT.from_ns - before_ns) if size <= EXCERPT else 0
    return [_call(number, rings_ns[number], seed) for number in range(first, first + size)]


def _rings_ns(number: int, seed: int) -> int:
    hump = HUMPS[share_of(seed, "hump", number) < 0.5]
    first, last = hump.cdf(OPEN_H), hump.cdf(CLOSED_H)
    hour = hump.inv_cdf(first + share_of(seed, "ring", number) * (last - first))
    return round(hour * HOUR_NS / MS_NS) * MS_NS


def _call(number: int, rings_ns: int, seed: int) -> Call:
    ends_ns = rings_ns + _ms(draw_ns(TALK, seed, "talk", number))
    transfers = 0
    while share_of(seed, f"transfer {transfers}", number) < TRANSFER_SHARE:
        transfers += 1
    first = int(share_of(seed, "user", number) * len(OPERATORS))
    return Call(
        number,
        rings_ns,
        ends_ns,
        ends_ns + _ms(draw_ns(RECORD, seed, "record", number)),
        tuple(OPERATORS[(first + turn) % len(OPERATORS)] for turn in range(transfers + 1)),
        tuple(sorted(_between(rings_ns, ends_ns, seed, turn, number) for turn in range(transfers))),
    )


def _between(start_ns: int, end_ns: int, seed: int, turn: int, number: int) -> int:
    return start_ns + _ms(int(share_of(seed, f"handed on {turn}", number) * (end_ns - start_ns)))


def _ms(duration_ns: int) -> int:
    return duration_ns // MS_NS * MS_NS


def events_of(calls: list[Call]) -> list[Event]:
    """What happens to the calls, in the order of time."""
    events = [event for call in calls for event in _events(call)]
    return sorted(events, key=lambda event: (event.at_ns, event.call.number))


def _events(call: Call) -> Iterator[Event]:
    last = len(call.users) - 1
    yield Event(call.rings_ns, call, ("register", "show"), 0)
    for turn, handed_on_ns in enumerate(call.handed_on_ns, 1):
        yield Event(handed_on_ns, call, ("hide", "show"), turn)
    yield Event(call.ends_ns, call, ("hide", "finish"), last)
    yield Event(call.record_ns, call, ("attachrecord",), last)
