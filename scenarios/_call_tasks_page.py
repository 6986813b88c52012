"""The call-task page, asynchronous: the slow way as it was found, and for each problem the way that mends it.

A page shows 20 of a task's jobs. Which problems are mended is a ``Fixes``; ``show`` is the handler.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from _call_tasks_data import TASK
from _call_tasks_db import Database, opened
from _call_tasks_sql import Statements

from perfkit.bench.strategies import bounded_gather
from perfkit.worlds import Access

PAGE = 20
"""Jobs on one page."""

AT_A_TIME = 5
"""Recordings fetched at a time, where they are fetched together."""

Answer = dict[str, Any]
Job = dict[str, Any]
Listing = list[dict[str, Any]]


@dataclass(frozen=True)
class Fixes:
    """Which problems are mended, each by itself; ``recordings`` is one of ``RECORDINGS``."""

    page: bool = False
    count: bool = True
    details: bool = False
    outside: bool = False
    recordings: str = "one by one"
    update: bool = False
    status: bool = False
    indexes: bool = False


async def show(world: Access, fixes: Fixes) -> Answer:
    """The page: total, twenty jobs with all that is known of them, and what was written."""
    async with aiohttp.ClientSession() as session, opened(world["database"]) as db:
        sql = Statements(db.dialect, fixes.indexes)
        asked = asyncio.create_task(outside_at_once(session, world)) if fixes.outside else None
        ids, total = await (all_then_cut if not fixes.page else one_page if fixes.count else limited)(db, sql)
        jobs = await (in_two_queries if fixes.details else column_by_column)(db, sql, ids)
        if asked is not None:
            listing, header = await asked
        else:
            listing = blocking_listing(world)
            header = await header_in_turn(session, world)
        refresh(jobs, listing)
        updated = await (update_at_once if fixes.update else update_each)(db, sql, listing)
        await RECORDINGS[fixes.recordings](session, world, db, sql, jobs)
        complete = await (is_complete_guarded if fixes.status else is_complete)(db, sql, jobs)
        return {
            "total": total or len(listing),
            "header": header,
            "jobs": jobs,
            "updated": updated,
            "complete": complete,
        }


# P1: every job id is read, and the page cut out of them in memory


async def all_then_cut(db: Database, sql: Statements) -> tuple[list[int], int]:
    """As found."""
    rows = await db.fetch(sql.all_ids, TASK)
    ids = [row[0] for row in rows]
    return ids[:PAGE], len(ids)


async def one_page(db: Database, sql: Statements) -> tuple[list[int], int]:
    """LIMIT, and the number of all beside each row."""
    rows = await db.fetch(sql.page, TASK, PAGE, 0)
    return [row[0] for row in rows], rows[0][1]


async def limited(db: Database, sql: Statements) -> tuple[list[int], int]:
    """LIMIT alone: the list from outside has all jobs, so nobody needs to count them here."""
    rows = await db.fetch(sql.page_only, TASK, PAGE, 0)
    return [row[0] for row in rows], 0


# P2: six queries for each job: one of them the same each time, and three for the same row


async def column_by_column(db: Database, sql: Statements, ids: Sequence[int]) -> list[Job]:
    """As found: each column of the page asks for itself, job by job."""
    calls = {job: (await db.fetch(sql.status, TASK, job))[0] for job in ids}
    recorded = {job: (await db.fetch(sql.recorded, TASK, job))[0][0] for job in ids}
    guards = {job: (await db.fetch(sql.guard, TASK))[0][0] for job in ids}
    follow = {
        (job, column): (await follow_up(db, sql, job, calls[job][1]))[place]
        for job in ids
        for place, column in enumerate(("number", "interest", "note"))
    }
    return [
        a_job(
            job,
            (calls[job][0], recorded[job]),
            guards[job],
            (follow[job, "interest"], follow[job, "note"]),
        )
        for job in ids
    ]


async def follow_up(db: Database, sql: Statements, job: int, follow: int) -> Sequence[Any]:
    """The row of leads_follow, of which each of three columns wants one value."""
    return (await db.fetch(sql.follow_up, job, follow))[0]


async def in_two_queries(db: Database, sql: Statements, ids: Sequence[int]) -> list[Job]:
    """Two queries for all jobs, joined in memory, and one for what they share."""
    calls = {row[0]: row[1:] for row in await db.fetch(sql.jobs_of_page, TASK, db.numbers(ids))}
    follows = {row[0]: row[1:] for row in await db.fetch(sql.follow_ups_of_page, db.numbers(ids))}
    guard = (await db.fetch(sql.guard, TASK))[0][0]
    return [a_job(job, calls[job], guard, follows[job]) for job in ids]


def a_job(job: int, call: Sequence[Any], guard: str, follow: Sequence[Any]) -> Job:
    """One job as the page shows it: of its call phone and recording, of its follow-up interest and note."""
    phone, recorded = call
    interest, note = follow
    return {
        "job": job,
        "phone": phone,
        "recorded": bool(recorded),
        "guard": guard,
        "interest": interest,
        "note": note,
    }


# P3: the job list of the service outside is fetched by a call that blocks the loop, the rest one by one


def blocking_listing(world: Access) -> Listing:
    """As found: a synchronous client inside a coroutine."""
    import requests

    listing: Listing = requests.get(f"{world['jobs'].url}tasks/{TASK}/jobs", timeout=60).json()
    return listing


async def header_in_turn(session: aiohttp.ClientSession, world: Access) -> list[Any]:
    """As found: three answers that need nothing of each other, one after another."""
    task = await get(session, f"{world['jobs'].url}tasks/{TASK}")
    script = await get(session, f"{world['jobs'].url}tasks/{TASK}/script")
    quota = await get(session, f"{world['recordings'].url}quota")
    return [task["title"], script["text"], quota["left"]]


async def outside_at_once(session: aiohttp.ClientSession, world: Access) -> tuple[Listing, list[Any]]:
    """All four at once; ``show`` asks the database meanwhile."""
    listing, task, script, quota = await asyncio.gather(
        get(session, f"{world['jobs'].url}tasks/{TASK}/jobs"),
        get(session, f"{world['jobs'].url}tasks/{TASK}"),
        get(session, f"{world['jobs'].url}tasks/{TASK}/script"),
        get(session, f"{world['recordings'].url}quota"),
    )
    return listing, [task["title"], script["text"], quota["left"]]


async def get(session: aiohttp.ClientSession, url: str) -> Any:
    """The JSON at ``url``."""
    async with session.get(url) as answer:
        return await answer.json()


def refresh(jobs: list[Job], listing: Listing) -> None:
    """Put the status that the service outside told on the page."""
    # the reference is the row's number in our table, and jobs of the page are the first of the list
    for job, told in zip(jobs, listing, strict=False):
        job["status"] = told["status"]


# P4: the recording of each finished call is fetched while the reader waits


async def recordings_one_by_one(
    session: aiohttp.ClientSession, world: Access, db: Database, sql: Statements, jobs: list[Job]
) -> None:
    """As found."""
    for job in jobs:
        if job["status"] == "finished":
            job["url"] = (await get(session, f"{world['recordings'].url}recordings/{job['job']}"))["url"]


async def recordings_together(
    session: aiohttp.ClientSession, world: Access, db: Database, sql: Statements, jobs: list[Job]
) -> None:
    """Five at a time: what the first visit to a page takes."""

    async def one(job: Job) -> None:
        job["url"] = (await get(session, f"{world['recordings'].url}recordings/{job['job']}"))["url"]

    await bounded_gather(one, [job for job in jobs if job["status"] == "finished"], limit=AT_A_TIME)


async def recordings_known(
    session: aiohttp.ClientSession, world: Access, db: Database, sql: Statements, jobs: list[Job]
) -> None:
    """A recording never changes: those that were fetched once are kept, and the others fetched together."""
    finished = [job for job in jobs if job["status"] == "finished"]
    numbers = db.numbers([job["job"] for job in finished])
    known = {row[0]: row[1] for row in await db.fetch(sql.recordings_of_page, numbers)}
    for job in finished:
        if job["job"] in known:
            job["url"] = known[job["job"]]
    await recordings_together(session, world, db, sql, [job for job in finished if "url" not in job])


async def no_recordings(
    session: aiohttp.ClientSession, world: Access, db: Database, sql: Statements, jobs: list[Job]
) -> None:
    """Left to the reader's click."""


RECORDINGS = {
    "one by one": recordings_one_by_one,
    "together": recordings_together,
    "known": recordings_known,
    "no": no_recordings,
}


# P5: one UPDATE for each job, each in a transaction of its own


async def update_each(db: Database, sql: Statements, listing: Listing) -> int:
    """As found."""
    updated = 0
    for told in listing:
        updated += await db.execute(sql.update, told["status"], told["reference"])
    return updated


async def update_at_once(db: Database, sql: Statements, listing: Listing) -> int:
    """One statement for all."""
    return await db.execute(
        sql.update_all, *db.pairs([(told["reference"], told["status"]) for told in listing])
    )


# P6: whether the whole task is done is asked although a job of the page is not


async def is_complete(db: Database, sql: Statements, jobs: list[Job]) -> bool:
    """As found."""
    unfinished = (await db.fetch(sql.unfinished, TASK))[0][0]
    return bool(unfinished == 0)


async def is_complete_guarded(db: Database, sql: Statements, jobs: list[Job]) -> bool:
    """Asked only if no job of the page says so already."""
    if any(job["status"] != "finished" for job in jobs):
        return False
    return await is_complete(db, sql, jobs)
