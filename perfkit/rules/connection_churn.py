"""PK401: a connection, or a session with its connections, for each call, where one could serve them all.

Connections from one place to one target are churn where each was used for little and then given up though the
next call could have used it: because each came from a client or pool of its own, or from none. A pool that
grows to what is in use at once opens as many as it needs, and a session per thread is one per thread.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any

from perfkit.model import Finding, Frame, Span
from perfkit.rules.connections import Use, Uses, opened
from perfkit.rules.findings import about
from perfkit.rules.savings import text
from perfkit.rules.view import View, by_cost

CODE = "PK401"
NAME = "connection-churn"

FEW_OPERATIONS = 10
"""A connection that is used for more, on average, has been opened for good reason."""

_FIXES = {
    "aiohttp": "Make one aiohttp.ClientSession and pass it to all who call",
    "aiosqlite": "Open the database once, and pass the connection on",
    "asyncpg": "Keep one connection for these calls, or one pool (asyncpg.create_pool) for the program",
    "django": "Let Django keep its connections: CONN_MAX_AGE, or a pool in the database's OPTIONS",
    "httpx": "Make one httpx client and pass it to all who call",
    "psycopg": "Keep one connection for these calls, or one pool (psycopg_pool) for the program",
    "redis": "Make one client and pass it to all who call: it keeps its connections in a pool",
    "requests": "Make one requests.Session and pass it to all who call",
    "sqlite3": "Open the database once, and pass the connection on",
    "urllib3": "Make one urllib3.PoolManager and pass it to all who call",
}
"""What to do, by the library that opened the connections."""


def check(view: View) -> list[Finding]:
    """One finding per target and place that opens connections again and again, the costliest first."""
    findings = []
    for uses in opened(view):
        findings += [_finding(view, found) for found in _by_place(view, uses) if _is_churn(view, found)]
    return by_cost(findings)


def _by_place(view: View, uses: Uses) -> Iterable[Uses]:
    """By where they were opened, whoever asked for it: there a connection can be kept."""
    places: dict[Hashable, Uses] = {}
    known: dict[int, Frame | None] = {}
    for use in uses:
        span = use.opened[0]
        if id(span.path) not in known:  # paths are shared between spans
            known[id(span.path)] = _line(view, span)
        place = known[id(span.path)] if span.path else view.places.of(span)
        places.setdefault(place, []).append(use)
    return places.values()


def _line(view: View, span: Span) -> Frame | None:
    return next((frame for frame in span.path if not view.sources.is_wrapper(frame)), span.site)


def _is_churn(view: View, uses: Uses) -> bool:
    needed = view.limits.min_connects
    if not uses[0].opened[0].path:
        needed = max(needed, view.limits.min_calls_imported)
    return (
        len(uses) >= needed
        and sum(use.operations for use in uses) <= FEW_OPERATIONS * len(uses)
        and _too_many(uses) >= needed - 1
    )


def _too_many(uses: Uses) -> int:
    """How many pools there were beyond one for each thread; without pools, how many connections too many."""
    pools = {(use.opened[0].thread, use.pool) for use in uses if not use.excused}
    if any(pool is None for _, pool in pools):
        return sum(use.avoidable for use in uses)
    return len(pools) - len({thread for thread, _ in pools})


def _finding(view: View, uses: Uses) -> Finding:
    first = uses[0].opened[0]
    spans = [span for use in uses for span in use.opened]
    avoidable = sum(use.avoidable for use in uses)
    mean_ns = sum(use.opening_ns for use in uses) / len(uses)
    return about(
        view,
        spans,
        (CODE, NAME),
        template=first.name,
        count=len(uses),
        site=_site(view, uses),
        saving_ns=round(avoidable * mean_ns),
        basis=_basis(avoidable, len(uses), mean_ns),
        evidence=_evidence(uses),
        fix=_fix(uses[0]),
    )


def _site(view: View, uses: Uses) -> Frame | None:
    """The line that opens them. An engine opens its connections somewhere else: there it is the loop's."""
    first = uses[0].opened[0]
    if first.attrs.get("library") == "sqlalchemy":
        sites = {id(use.opened[0].path): view.site(use.opened[0]) for use in uses}
        if len(set(sites.values())) == 1:
            return next(iter(sites.values()))
    return _line(view, first)


def _basis(avoidable: int, count: int, mean_ns: float) -> str:
    if not avoidable:
        return f"all {count} were in use at once: a shared pool would have opened as many this time"
    return (
        f"{avoidable} of {count} connections could have been used again: "
        f"{avoidable} x {text(mean_ns)} (the mean of opening one)"
    )


def _evidence(uses: Uses) -> list[str]:
    used = [use.operations for use in uses if use.operations]
    operations = f"{sum(used) / len(used):.3g}" if used else "no"
    facts = [
        f"{len(uses)} connections opened, each used for {operations} operation{_s(operations)} on average"
    ]
    pools = {use.pool for use in uses}
    if None not in pools:
        facts.append(f"by {len(pools)} different clients, each with connections of its own")
    return facts


def _s(number: Any) -> str:
    return "" if number == "1" else "s"


def _fix(use: Use) -> str:
    library = str(use.opened[0].attrs.get("library", ""))
    if library == "sqlalchemy":
        what = (
            "Make the engine once" if use.pool is not None else "Give the engine a pool in place of NullPool"
        )
        return f"{what}, at the start of the program: it keeps its connections."
    advice = _FIXES.get(library, "Keep one connection, or a pool of them, for all of these calls")
    return f"{advice}, outside the function or loop that opens it here."
