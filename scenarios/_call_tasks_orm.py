"""The call-task page with SQLAlchemy's ORM, on either database. As it was found, and mended throughout."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from _call_tasks_data import TASK
from _call_tasks_page import AT_A_TIME, PAGE, Answer, a_job, refresh
from _call_tasks_sql import INDEXED, PLAIN
from _call_tasks_threads import add_recordings, outside_at_once, outside_in_turn, recordings_in_turn
from sqlalchemy import ForeignKey, create_engine, func, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import QueuePool

from perfkit.worlds import Access


@cache
def models(copy: str) -> Any:
    """The classes of one copy of the tables: of job, follow-up, recording and task."""

    class Base(DeclarativeBase):
        pass

    class CallJob(Base):
        __tablename__ = f"call_job{copy}"
        id: Mapped[int] = mapped_column(primary_key=True)
        task_id: Mapped[int]
        call_job_id: Mapped[int]
        call_status: Mapped[str]
        phone: Mapped[str]
        has_recording: Mapped[int]
        leads_follow_id: Mapped[int] = mapped_column(ForeignKey(f"leads_follow{copy}.id"))

    class Follow(Base):
        __tablename__ = f"leads_follow{copy}"
        id: Mapped[int] = mapped_column(primary_key=True)
        call_job_id: Mapped[int]
        leads_follow_id: Mapped[int]
        interest: Mapped[str]
        note: Mapped[str]

    class Task(Base):
        __tablename__ = "call_task"
        id: Mapped[int] = mapped_column(primary_key=True)
        guard: Mapped[str]

    class Recording(Base):
        __tablename__ = "call_recording"
        call_job_id: Mapped[int] = mapped_column(primary_key=True)
        url: Mapped[str]

    return CallJob, Follow, Recording, Task


def engine(access: Any) -> Engine:
    """An engine whose connections cross the modelled link."""
    dialect = "sqlite" if access.dialect == "sqlite" else "postgresql+psycopg"
    return create_engine(f"{dialect}://", creator=access.connect, poolclass=QueuePool)


def show_slow(world: Access) -> Answer:
    """As found: attributes and rows loaded one at a time, a commit for each job."""
    job_of, follow_of, _, task_of = models(PLAIN)
    connected = engine(world["database"])
    with Session(connected) as session:
        ids = session.scalars(
            select(job_of.call_job_id).where(job_of.task_id == TASK).order_by(job_of.call_job_id)
        ).all()
        jobs = []
        for number in ids[:PAGE]:
            call = session.execute(
                select(job_of.phone, job_of.leads_follow_id, job_of.has_recording)
                .where(job_of.task_id == TASK)
                .where(job_of.call_job_id == number)
            ).one()
            follow = session.execute(
                select(follow_of.interest, follow_of.note)
                .where(follow_of.call_job_id == number)
                .where(follow_of.leads_follow_id == call.leads_follow_id)
            ).one()
            guard = session.scalar(select(task_of.guard).where(task_of.id == TASK))
            jobs.append(a_job(number, (call.phone, call.has_recording), guard or "", follow))
        listing, header = outside_in_turn(world)
        refresh(jobs, listing)
        updated = 0
        for told in listing:
            row = session.get_one(job_of, told["reference"])
            row.call_status = told["status"]
            session.commit()
            updated += 1
        recordings_in_turn(world, jobs)
        unfinished = session.scalar(
            select(func.count()).where(job_of.task_id == TASK).where(job_of.call_status != "finished")
        )
    connected.dispose()
    return {
        "total": len(ids),
        "header": header,
        "jobs": jobs,
        "updated": updated,
        "complete": unfinished == 0,
    }


def show_fixed(world: Access) -> Answer:
    """Mended throughout: five queries and one bulk UPDATE."""
    job_of, follow_of, recording_of, task_of = models(INDEXED)
    connected = engine(world["database"])
    with ThreadPoolExecutor(AT_A_TIME) as pool, Session(connected) as session:
        asked = outside_at_once(pool, world)
        page = session.execute(
            select(job_of.call_job_id, job_of.phone, job_of.has_recording, func.count().over().label("total"))
            .where(job_of.task_id == TASK)
            .order_by(job_of.call_job_id)
            .limit(PAGE)
            .offset(0)
        ).all()
        ids = [row.call_job_id for row in page]
        follows = {
            row.call_job_id: (row.interest, row.note)
            for row in session.execute(
                select(follow_of.call_job_id, follow_of.interest, follow_of.note).where(
                    follow_of.call_job_id.in_(ids)
                )
            )
        }
        known: dict[int, str] = {
            row.call_job_id: row.url
            for row in session.execute(
                select(recording_of.call_job_id, recording_of.url).where(recording_of.call_job_id.in_(ids))
            )
        }
        guard = session.scalar(select(task_of.guard).where(task_of.id == TASK)) or ""
        jobs = [a_job(r.call_job_id, (r.phone, r.has_recording), guard, follows[r.call_job_id]) for r in page]
        listing, header = asked()
        refresh(jobs, listing)
        session.execute(
            update(job_of), [{"id": told["reference"], "call_status": told["status"]} for told in listing]
        )
        session.commit()
        add_recordings(world, pool, jobs, known)
        complete = all(job["status"] == "finished" for job in jobs) and not session.scalar(
            select(func.count()).where(job_of.task_id == TASK).where(job_of.call_status != "finished")
        )
    connected.dispose()
    return {
        "total": page[0].total,
        "header": header,
        "jobs": jobs,
        "updated": len(listing),
        "complete": complete,
    }
