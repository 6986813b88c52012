"""The portal's data, generated from a seed: leads, their activities, activities of deals, users.

A lead's STATUS_ID and ASSIGNED_BY_ID are dealt from shuffled decks, so that a small portal has the same
mixture as a large one. Only integers and ``random.Random.random`` are used: the same seed gives the same
portal on every Python and for every hash seed. Other entities have no columns here: their rows follow from
their position and from the leads (see ``methods``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

LEAD_OWNER = 1
"""OWNER_TYPE_ID of a lead."""
DEAL_OWNER = 2
"""OWNER_TYPE_ID of a deal."""

REPORT_STATUSES = ("NEW", "IN_PROCESS", "PROCESSED")
"""Statuses that the report of the leads scenario counts."""
OTHER_STATUSES = ("ASSIGNED", "CANNOT_CONTACT", "RECALL", "ON_HOLD", "CONVERTED", "RESTORED", "JUNK")

REPORT_MANAGERS = (12, 15, 18, 21, 24, 33, 47, 58, 62, 75, 101, 119, 134, 186, 208, 247)
"""Managers the report asks for; 247 is asked for, too, and left out of the counts."""
NAMED_MANAGERS = {12: "manager 12", 15: "manager 15", 18: "manager 18", 21: "manager 21", 24: "manager 24"}
"""Managers with a count of their own; the others are "the rest"."""
OTHER_MANAGERS = (5, 9, 88, 160, 221, 230, 255, 301)
USERS = (1, *sorted(REPORT_MANAGERS + OTHER_MANAGERS))
"""Everybody, with the administrator first."""

FIRST_DAY_S = 1_735_678_800
"""2025-01-01 in the portal's zone, when the first lead came."""
YEAR_S = 365 * 86_400

# Activities of a lead, and how many of them are unfinished: a third of the leads have none unfinished.
_ACTIVITIES = ((0, 0), (0, 0), (1, 0), (1, 0), (1, 1), (1, 1), (1, 1), (1, 1), (1, 1), (2, 1), (3, 1), (4, 2))
_LEADS_PER_DEAL_ACTIVITY = 4


@dataclass(frozen=True)
class Leads:
    """Columns of the leads; the lead at position p has ID p + 1."""

    status: list[str] = field(default_factory=list)
    manager: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Activities:
    """Columns of the activities; the one at position p has ID p + 1. ``start`` is in seconds of Unix time."""

    owner_type: list[int] = field(default_factory=list)
    owner: list[int] = field(default_factory=list)
    responsible: list[int] = field(default_factory=list)
    completed: list[str] = field(default_factory=list)
    start: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Data:
    """All columns of one portal. Shared between portals: nobody may change it."""

    leads: Leads
    activities: Activities
    users: tuple[int, ...] = USERS


@lru_cache(maxsize=8)
def generate(matching: int, seed: int) -> Data:
    """A portal with ``matching`` leads in the report's statuses and managers, and half as many others."""
    rng = random.Random(seed)
    leads = _leads(matching, rng)
    return Data(leads, _activities(leads, rng))


def _shuffled(cards: Sequence[T], rng: random.Random) -> list[T]:
    keys = [rng.random() for _ in cards]
    return [cards[place] for place in sorted(range(len(cards)), key=keys.__getitem__)]


def _deal(cards: Sequence[T], rng: random.Random) -> Iterator[T]:
    """Cards without end: the deck is shuffled anew whenever it is used up."""
    while True:
        yield from _shuffled(cards, rng)


def _leads(matching: int, rng: random.Random) -> Leads:
    leads = Leads()
    report = list(
        zip(_deal(REPORT_STATUSES, rng), _deal(REPORT_MANAGERS, rng), range(matching), strict=False)
    )
    statuses, managers = _deal(OTHER_STATUSES, rng), _deal(OTHER_MANAGERS, rng)
    others = []
    for number in range(matching // 2):
        # In turn: the wrong status, the wrong manager, both wrong.
        status = REPORT_STATUSES[number % 9 // 3] if number % 3 == 1 else next(statuses)
        manager = REPORT_MANAGERS[number // 3 % 16] if number % 3 == 0 else next(managers)
        others.append((status, manager, number))
    for status, manager, _ in _shuffled(report + others, rng):
        leads.status.append(status)
        leads.manager.append(manager)
    return leads


def _activities(leads: Leads, rng: random.Random) -> Activities:
    rows: list[tuple[int, int, int, str]] = []
    deck = {True: _deal(_ACTIVITIES, rng), False: _deal(_ACTIVITIES, rng)}
    quiet = []
    for lead, manager in enumerate(leads.manager, start=1):
        counted = leads.status[lead - 1] in REPORT_STATUSES and manager in REPORT_MANAGERS
        number, unfinished = next(deck[counted])
        rows += [(LEAD_OWNER, lead, manager, "N" if n < unfinished else "Y") for n in range(number)]
        if counted and not unfinished and manager != REPORT_MANAGERS[-1]:
            quiet.append(lead)
    rows += _deal_activities(len(leads.manager), quiet, rng)
    return _columns(_shuffled(rows, rng), rng)


def _deal_activities(leads: int, quiet: list[int], rng: random.Random) -> Iterator[tuple[int, int, int, str]]:
    """Deals have numbers that leads have, too: whoever forgets to ask for leads takes these for theirs.

    Every second one belongs to the number of a lead that the report counts, so that the mistake shows.
    """
    managers = _deal(OTHER_MANAGERS, rng)
    for number in range(leads // _LEADS_PER_DEAL_ACTIVITY):
        if number % 2 == 0 and quiet:
            yield DEAL_OWNER, quiet[number // 2 % len(quiet)], next(managers), "N"
        else:
            yield DEAL_OWNER, 1 + int(rng.random() * leads), next(managers), "NY"[number // 2 % 2]


def _columns(rows: list[tuple[int, int, int, str]], rng: random.Random) -> Activities:
    table = Activities()
    for position, (owner_type, owner, responsible, completed) in enumerate(rows):
        table.owner_type.append(owner_type)
        table.owner.append(owner)
        table.responsible.append(responsible)
        table.completed.append(completed)
        # Planned for up to 30 days ahead, in minutes: the order by START_TIME is not that of the IDs.
        table.start.append(created_s(position, len(rows)) + 60 * int(rng.random() * 43_200))
    return table


def created_s(position: int, size: int) -> int:
    """When the row at ``position`` was made: a table fills evenly over the year."""
    return FIRST_DAY_S + YEAR_S * position // size
