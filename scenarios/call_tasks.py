"""A page of 20 call jobs out of 20 to 10,000, from a database and two slow services outside.

The handler reads every job to show twenty, asks six times for each, waits for one recording after another
and writes each job by itself. Each of its problems can be mended alone; the waterfall shows what each fix is
worth on top of those before it. The same page is there with threads (sqlite3 or psycopg) and with an ORM.
"""

from __future__ import annotations

import functools
from typing import Any

from _call_tasks_data import (
    FOLLOW_COLUMNS,
    JOB_COLUMNS,
    QUOTA,
    RECORDING_COLUMNS,
    SCRIPT,
    TASK_COLUMNS,
    TITLE,
    follows,
    jobs,
    listing,
    recording_url,
    recordings,
    tasks,
)
from _call_tasks_page import Answer, Fixes, show
from _call_tasks_sql import INDEXED, PLAIN

import perfkit
from perfkit.model import ScenarioResult
from perfkit.sim.distributions import Uniform
from perfkit.worlds import Access, Together, http
from perfkit.worlds.database import Dataset, Postgres, Sqlite, Table

MS = 1_000_000
LARGEST = 10_000
STORY_SIZES = (20, 200, 2_000)
SERVICE_RTT_MS, DATABASE_RTT_MS = 30.0, 5.0

TYPES = {
    "call_status": "text NOT NULL",
    "phone": "text NOT NULL",
    "guard": "text NOT NULL",
    "interest": "text NOT NULL",
    "note": "text NOT NULL",
    "url": "text NOT NULL",
}
"""Of the columns that are not numbers."""


def columns(names: tuple[str, ...]) -> dict[str, str]:
    """Their types; the first is the primary key."""
    return {
        name: TYPES.get(name, "bigint NOT NULL" if number else "bigint PRIMARY KEY")
        for number, name in enumerate(names)
    }


def database(size: int, seed: int) -> Dataset:
    """Both copies of the tables; the story's three indexes are on one of them."""
    tables = [
        Table("call_task", columns(TASK_COLUMNS), tasks),
        Table("call_recording", columns(RECORDING_COLUMNS), functools.partial(recordings, size)),
    ]
    for copy in (PLAIN, INDEXED):
        indexes = [("task_id", "call_job_id"), ("task_id", "call_status")] if copy else []
        follow_indexes = [("call_job_id", "leads_follow_id")] if copy else []
        job_rows, follow_rows = functools.partial(jobs, size), functools.partial(follows, size)
        tables += [
            Table(f"call_job{copy}", columns(JOB_COLUMNS), job_rows, indexes),
            Table(f"leads_follow{copy}", columns(FOLLOW_COLUMNS), follow_rows, follow_indexes),
        ]
    return Dataset(tables)


exchange = http(host="exchange.test", rtt_ms=SERVICE_RTT_MS, title="the telephone exchange")
archive = http(host="archive.test", rtt_ms=SERVICE_RTT_MS, title="the archive of recordings")


@exchange.get("/tasks/{task}/jobs", service=Uniform(70 * MS, 470 * MS))
def all_jobs(request: Any) -> Any:
    """Every job with its status now: 100 to 500 ms with the round trip."""
    return listing(request.size)


@exchange.get("/tasks/{task}", service_ms=20)
def task_of(request: Any) -> Any:
    """What the page's header shows."""
    return {"title": TITLE}


@exchange.get("/tasks/{task}/script", service_ms=20)
def script_of(request: Any) -> Any:
    """What the callers read out."""
    return {"text": SCRIPT}


@archive.get("/quota", service_ms=20)
def quota(request: Any) -> Any:
    """Recordings that may still be fetched today."""
    return {"left": QUOTA}


@archive.get("/recordings/{job}", service=Uniform(970 * MS, 2_970 * MS))
def recording(request: Any) -> Any:
    """Where one recording is: 1 to 3 s with the round trip."""
    return {"url": recording_url(int(request.path["job"]))}


def world(kind: Any, title: str) -> Together:
    """A database 5 ms away and both services."""
    return Together(
        title=title, database=kind(database, rtt_ms=DATABASE_RTT_MS), jobs=exchange, recordings=archive
    )


call_tasks = perfkit.Scenario(
    "call_tasks",
    sizes=(*STORY_SIZES, LARGEST),
    gate_sizes=(20, 200),
    unit="jobs",
    title="Call-task page",
    world={
        "sqlite": world(Sqlite, "SQLite behind a link of 5 ms"),
        "postgres": world(Postgres, "PostgreSQL, 5 ms away"),
    },
)

FIXES: dict[str, tuple[str, dict[str, Any]]] = {
    "p1": ("P1: LIMIT, and the number of all beside each row", {"page": True}),
    "p2": ("P2: three queries with lists instead of six for each job", {"details": True}),
    "p3": ("P3: the services outside asked at once, without blocking", {"outside": True}),
    "p4": ("P4: known recordings kept for ever", {"recordings": "known"}),
    "p5": ("P5: one UPDATE for all jobs", {"update": True}),
    "p6": ("P6: no question about the task while a job of the page is open", {"status": True}),
    "indexes": ("Three indexes", {"indexes": True}),
}
"""Each fix by name: its title, and what it sets."""

GROUP = "asyncio"
BLOCKING = "requests"
"""The package by which the page blocks its loop, until P3 is mended."""


@call_tasks.strategy(group=GROUP, name="slow", baseline=True, needs=BLOCKING)
async def slow(world: Access, size: int) -> Answer:
    """As it was found."""
    return await show(world, Fixes())


def with_fixes(
    name: str, title: str, on: str, changes: dict[str, Any], sizes: tuple[int, ...], **more: Any
) -> None:
    """Declare the strategy that has these fixes."""

    async def strategy(world: Access, size: int) -> Answer:
        return await show(world, Fixes(**changes))

    needs = "" if "outside" in changes else BLOCKING
    options = {"group": GROUP, "title": title, "builds_on": on, "sizes": sizes, "needs": needs, **more}
    call_tasks.strategy(name=name, **options)(strategy)


def declare_fixes() -> None:
    """Each fix alone, and each on top of those before it."""
    for name, (title, changes) in FIXES.items():
        with_fixes(name, title, "slow", changes, STORY_SIZES, **PROVES.get(name, {}))
    first, *rest = FIXES
    before, together = first, FIXES[first][1]
    for number, name in enumerate(rest, 2):
        title, changes = FIXES[name]
        together = together | changes
        joined, sizes = ("fixed", ()) if name == rest[-1] else (f"p1-{number}", STORY_SIZES)
        with_fixes(joined, title, before, together, sizes)
        before = joined


PROVES = {"p2": {"fixes": "PK101"}, "p5": {"fixes": "PK105"}}
"""Rules whose predicted saving a fix alone proves."""

declare_fixes()
with_fixes(
    "fixed_first_visit",
    "all fixes, but no recording is known yet: five at a time",
    "slow",
    {key: value for _, changes in FIXES.values() for key, value in changes.items()}
    | {"recordings": "together"},
    (),
)
with_fixes(
    "p1_total_told",
    "P1 otherwise: LIMIT alone; how many there are is told by the list from outside",
    "slow",
    {"page": True, "count": False},
    STORY_SIZES,
)
with_fixes(
    "p4_together",
    "P4 otherwise: recordings fetched five at a time",
    "slow",
    {"recordings": "together"},
    STORY_SIZES,
    fixes="PK102",
)
with_fixes(
    "p4_skip",
    "P4 otherwise: no recordings",
    "slow",
    {"recordings": "no"},
    STORY_SIZES,
    flaw="the page lacks the recordings, which the reader's click fetches",
)


@call_tasks.strategy(group="threads", name="threads.slow", baseline=True, sizes=STORY_SIZES, needs="requests")
def threads_slow(world: Access, size: int) -> Answer:
    """As it was found, with sqlite3 or psycopg and requests."""
    from _call_tasks_threads import show_slow

    return show_slow(world)


@call_tasks.strategy(
    group="threads", name="threads.fixed", builds_on="threads.slow", sizes=STORY_SIZES, needs="requests"
)
def threads_fixed(world: Access, size: int) -> Answer:
    """All fixes, with sqlite3 or psycopg and requests."""
    from _call_tasks_threads import show_fixed

    return show_fixed(world)


@call_tasks.strategy(
    group="SQLAlchemy", name="sqlalchemy.slow", baseline=True, sizes=STORY_SIZES, needs="sqlalchemy"
)
def orm_slow(world: Access, size: int) -> Answer:
    """As it was found, with the ORM."""
    from _call_tasks_orm import show_slow

    return show_slow(world)


@call_tasks.strategy(
    group="SQLAlchemy",
    name="sqlalchemy.fixed",
    builds_on="sqlalchemy.slow",
    sizes=STORY_SIZES,
    needs="sqlalchemy",
)
def orm_fixed(world: Access, size: int) -> Answer:
    """All fixes, with the ORM."""
    from _call_tasks_orm import show_fixed

    return show_fixed(world)


def seconds(result: ScenarioResult, strategy: str, size: int) -> float:
    """Measured time on the first world; LookupError when this run has none, or it went wrong."""
    cell = result.cell(result.worlds[0].name, strategy, size)
    if cell is None or cell.elapsed_ns is None:
        raise LookupError(strategy)
    return cell.elapsed_ns / 1e9


def estimate(says: str, size: int, slow_s: tuple[float, float], fast_s: float) -> None:
    """A sentence of the story about one size: how long the slow page takes, and the fixed one at most."""

    @call_tasks.claim(says)
    def _(result: ScenarioResult) -> tuple[str, bool | None]:
        without, whole = seconds(result, "p4_skip", size), seconds(result, "slow", size)
        fixed = seconds(result, "fixed", size)
        told = f"{whole:.1f} s ({without:.2f} s without recordings) fall to {fixed:.2f} s"
        return told, slow_s[0] <= whole and without <= slow_s[1] and fixed <= fast_s


estimate("a small task (20 jobs): 500-1,000 ms fall to 100-200 ms", 20, (0.5, 1.0), 0.2)
estimate("a medium task (200 jobs): 2-5 s fall to 200-400 ms", 200, (2, 5), 0.4)
estimate("a large task (2,000 jobs): 20-50 s fall to 500-1,000 ms", 2_000, (20, 50), 1.0)


@call_tasks.claim("recordings are 20-60 s of a page")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    took = seconds(result, "slow", 200) - seconds(result, "p4_skip", 200)
    together = seconds(result, "fixed_first_visit", 200) - seconds(result, "fixed", 200)
    told = f"{took:.1f} s one by one, {together:.1f} s five at a time, none once they are known"
    return told, 20 <= took <= 60


@call_tasks.claim("100-120 queries for a page of 20 jobs")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    slow_page, fixed = (result.cell(result.worlds[0].name, name, 20) for name in ("p5", "fixed"))
    if slow_page is None or fixed is None:
        raise LookupError("p5")
    before, after = slow_page.counters["query"], fixed.counters["query"]
    # the page's ids, the one UPDATE and the question about the task are not those of the jobs
    return (
        f"{before - 3} for the jobs, {before} in all; {after} when mended, at any size",
        100 <= before - 3 <= 120,
    )
