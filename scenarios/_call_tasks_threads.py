"""The call-task page, synchronous, with sqlite3 or psycopg and requests: as it was found, and mended."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import requests
from _call_tasks_data import TASK
from _call_tasks_page import AT_A_TIME, PAGE, Answer, Job, Listing, a_job, refresh
from _call_tasks_sql import Statements

from perfkit.worlds import Access

SECONDS = 60


def numbers(dialect: str, values: Sequence[int]) -> Any:
    """A list as one parameter."""
    return json.dumps(values) if dialect == "sqlite" else list(values)


class Connection:
    """A DB-API connection with ``?`` for parameters and a commit after each change."""

    def __init__(self, access: Any) -> None:
        self.dialect = "sqlite" if access.dialect == "sqlite" else "postgresql"
        self._connection = access.connect()
        self.close = self._connection.close

    def _run(self, sql: str, params: Sequence[Any]) -> Any:
        text = sql if self.dialect == "sqlite" else sql.replace("?", "%s")
        return self._connection.execute(text, params)

    def fetch(self, sql: str, *params: Any) -> list[Sequence[Any]]:
        """The rows of a query."""
        rows: list[Sequence[Any]] = self._run(sql, params).fetchall()
        return rows

    def execute(self, sql: str, *params: Any) -> int:
        """The number of rows that a statement changed, in a transaction of its own."""
        changed = int(self._run(sql, params).rowcount)
        self._connection.commit()
        return changed


def get(url: str, session: Any = requests) -> Any:
    """The JSON at ``url``."""
    return session.get(url, timeout=SECONDS).json()


def show_slow(world: Access) -> Answer:
    """As found: every part of the page asks for itself, and waits."""
    with closing(Connection(world["database"])) as db:
        sql = Statements(db.dialect, indexed=False)
        ids = [row[0] for row in db.fetch(sql.all_ids, TASK)]
        jobs = [details(db, sql, job) for job in ids[:PAGE]]
        listing, header = outside_in_turn(world)
        refresh(jobs, listing)
        updated = 0
        for told in listing:
            updated += db.execute(sql.update, told["status"], told["reference"])
        recordings_in_turn(world, jobs)
        unfinished = db.fetch(sql.unfinished, TASK)[0][0]
        return {
            "total": len(ids),
            "header": header,
            "jobs": jobs,
            "updated": updated,
            "complete": unfinished == 0,
        }


def outside_in_turn(world: Access) -> tuple[Listing, list[Any]]:
    """The job list, and three more answers for the page's header, one after another."""
    listing = get(f"{world['jobs'].url}tasks/{TASK}/jobs")
    title = get(f"{world['jobs'].url}tasks/{TASK}")["title"]
    script = get(f"{world['jobs'].url}tasks/{TASK}/script")["text"]
    quota = get(f"{world['recordings'].url}quota")["left"]
    return listing, [title, script, quota]


def recordings_in_turn(world: Access, jobs: list[Job]) -> None:
    """The recording of each finished call, one after another."""
    for job in jobs:
        if job["status"] == "finished":
            job["url"] = get(f"{world['recordings'].url}recordings/{job['job']}")["url"]


def details(db: Connection, sql: Statements, job: int) -> Job:
    """Six queries for one job."""
    phone, follow = db.fetch(sql.status, TASK, job)[0]
    recorded = db.fetch(sql.recorded, TASK, job)[0][0]
    guard = db.fetch(sql.guard, TASK)[0][0]
    number = follow_up(db, sql, job, follow)[0]
    interest = follow_up(db, sql, job, follow)[1]
    note = follow_up(db, sql, job, follow)[2] if number else ""
    return a_job(job, (phone, recorded), guard, (interest, note))


def follow_up(db: Connection, sql: Statements, job: int, follow: int) -> Sequence[Any]:
    """The row of leads_follow, of which three parts of the page want something."""
    return db.fetch(sql.follow_up, job, follow)[0]


def show_fixed(world: Access) -> Answer:
    """Mended throughout: six queries, and what is asked outside is asked in threads meanwhile."""
    with ThreadPoolExecutor(AT_A_TIME) as pool, closing(Connection(world["database"])) as db:
        asked = outside_at_once(pool, world)
        sql = Statements(db.dialect, indexed=True)
        rows = db.fetch(sql.page, TASK, PAGE, 0)
        ids = [row[0] for row in rows]
        calls = {row[0]: row[1:] for row in db.fetch(sql.jobs_of_page, TASK, numbers(db.dialect, ids))}
        follows = {row[0]: row[1:] for row in db.fetch(sql.follow_ups_of_page, numbers(db.dialect, ids))}
        known = {row[0]: row[1] for row in db.fetch(sql.recordings_of_page, numbers(db.dialect, ids))}
        guard = db.fetch(sql.guard, TASK)[0][0]
        jobs = [a_job(job, calls[job], guard, follows[job]) for job in ids]
        listing, header = asked()
        refresh(jobs, listing)
        updated = db.execute(sql.update_all, *pairs(db.dialect, listing))
        add_recordings(world, pool, jobs, known)
        return {
            "total": rows[0][1],
            "header": header,
            "jobs": jobs,
            "updated": updated,
            "complete": all(job["status"] == "finished" for job in jobs)
            and db.fetch(sql.unfinished, TASK)[0][0] == 0,
        }


def outside_at_once(pool: ThreadPoolExecutor, world: Access) -> Callable[[], tuple[Listing, list[Any]]]:
    """Begin to ask for what ``outside_in_turn`` gives; call the result to wait for it."""
    urls = [f"{world['jobs'].url}tasks/{TASK}{more}" for more in ("/jobs", "", "/script")]
    asked = [pool.submit(get, url) for url in (*urls, f"{world['recordings'].url}quota")]

    def answers() -> tuple[Listing, list[Any]]:
        listing, task, script, quota = (future.result() for future in asked)
        return listing, [task["title"], script["text"], quota["left"]]

    return answers


def pairs(dialect: str, listing: list[dict[str, Any]]) -> tuple[Any, ...]:
    """The statuses to write as parameters of one statement."""
    if dialect == "sqlite":
        return (json.dumps([(told["reference"], told["status"]) for told in listing]),)
    return [told["reference"] for told in listing], [told["status"] for told in listing]


def add_recordings(world: Access, pool: ThreadPoolExecutor, jobs: list[Job], known: dict[int, str]) -> None:
    """Known ones as they are, the others five at a time."""
    finished = [job for job in jobs if job["status"] == "finished"]
    missing = [job for job in finished if job["job"] not in known]
    urls = [f"{world['recordings'].url}recordings/{job['job']}" for job in missing]
    known |= {job["job"]: told["url"] for job, told in zip(missing, pool.map(get, urls), strict=True)}
    for job in finished:
        job["url"] = known[job["job"]]
