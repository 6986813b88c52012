"""The data of the call-task page, and the two services outside that it asks.

Everything is a function of the row's number, so that database and services agree without knowing each other.
A third of the rows belong to the task that is shown, the rest to others, as in a table in use.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

TASK = 1
TITLE, SCRIPT = "Winter campaign", "Ask for the delivery date"
QUOTA = 500
OTHER_ROWS = 1_000
"""Rows of other tasks in even the smallest table."""

_FIRST_CALL = 100_000
_FINISHED_OF_TEN = 6

Row = tuple[Any, ...]

JOB_COLUMNS = ("id", "task_id", "call_job_id", "call_status", "phone", "has_recording", "leads_follow_id")
FOLLOW_COLUMNS = ("id", "call_job_id", "leads_follow_id", "interest", "note")
TASK_COLUMNS = ("id", "guard")
RECORDING_COLUMNS = ("call_job_id", "url")


def row_of(call_job_id: int) -> int:
    """The row's number in its table, from 0."""
    return call_job_id - _FIRST_CALL


def task_rows(size: int) -> range:
    """The numbers of the rows that belong to the task with ``size`` jobs."""
    return range(0, 3 * size, 3)


def all_rows(size: int) -> range:
    """The numbers of all rows."""
    return range(3 * size + OTHER_ROWS)


def is_finished(row: int) -> bool:
    """Whether the call has been made: six of ten, spread evenly."""
    return row * 7 % 10 < _FINISHED_OF_TEN


def status_now(row: int) -> str:
    """What the service outside says; the database still says "queued"."""
    return "finished" if is_finished(row) else "ringing"


def recording_url(call_job_id: int) -> str:
    """Where the recording of a finished call lies."""
    return f"https://records.example/{call_job_id}.ogg"


def jobs(size: int) -> Iterator[Row]:
    """The rows of call_job."""
    mine = task_rows(size)
    for row in all_rows(size):
        task = TASK if row in mine else TASK + 1 + row % 7
        recorded = 1 if is_finished(row) else 0
        yield (row + 1, task, _FIRST_CALL + row, "queued", f"+49 30 {row:07d}", recorded, row + 1)


def follows(size: int) -> Iterator[Row]:
    """The rows of leads_follow, one for each job."""
    for row in all_rows(size):
        interest = ("none", "some", "much")[row % 3]
        yield (row + 1, _FIRST_CALL + row, row + 1, interest, f"call {row % 11}")


def tasks() -> Iterator[Row]:
    """The rows of call_task: who may change its jobs."""
    for task in range(TASK, TASK + 8):
        yield (task, f"team {task}")


def recordings(size: int) -> Iterator[Row]:
    """The rows of call_recording: what earlier visits to the page have fetched."""
    for row in task_rows(size):
        if is_finished(row):
            yield (_FIRST_CALL + row, recording_url(_FIRST_CALL + row))


def listing(size: int) -> list[dict[str, Any]]:
    """What the service of the telephone exchange answers: every job of the task, with its status now."""
    return [{"reference": row + 1, "status": status_now(row)} for row in task_rows(size)]
