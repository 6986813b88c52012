"""The statements of the call-task page, in both dialects. ``?`` stands for a parameter.

``job`` and ``follow`` are the names of the tables: there is a copy of each with the three indexes and one
without, so that what the indexes are worth can be switched like every other fix.
"""

# ruff: noqa: S608 - what is put into the statements are the names of our own tables

from __future__ import annotations

from dataclasses import dataclass

PLAIN, INDEXED = "", "_indexed"


@dataclass(frozen=True)
class Statements:
    """All statements, for one dialect ("sqlite" or "postgresql") and one copy of the tables."""

    dialect: str
    indexed: bool

    @property
    def job(self) -> str:
        """The table of jobs."""
        return f"call_job{INDEXED if self.indexed else PLAIN}"

    @property
    def follow(self) -> str:
        """The table of what is known of the people who were called."""
        return f"leads_follow{INDEXED if self.indexed else PLAIN}"

    def _among(self, column: str) -> str:
        """A list of numbers as one parameter."""
        if self.dialect == "postgresql":
            return f"{column} = ANY(?)"
        return f"{column} IN (SELECT value FROM json_each(?))"

    @property
    def all_ids(self) -> str:
        """Every job of a task."""
        return f"SELECT call_job_id FROM {self.job} WHERE task_id = ? ORDER BY call_job_id"

    @property
    def page(self) -> str:
        """The jobs of one page, each with the number of all."""
        return (
            f"SELECT call_job_id, COUNT(*) OVER () FROM {self.job} WHERE task_id = ? "
            "ORDER BY call_job_id LIMIT ? OFFSET ?"
        )

    @property
    def page_only(self) -> str:
        """The jobs of one page."""
        return f"SELECT call_job_id FROM {self.job} WHERE task_id = ? ORDER BY call_job_id LIMIT ? OFFSET ?"

    @property
    def status(self) -> str:
        """Of one job: its phone and its follow-up."""
        return f"SELECT phone, leads_follow_id FROM {self.job} WHERE task_id = ? AND call_job_id = ?"

    @property
    def recorded(self) -> str:
        """Of one job: whether it has a recording."""
        return f"SELECT has_recording FROM {self.job} WHERE task_id = ? AND call_job_id = ?"

    @property
    def guard(self) -> str:
        """Of a task: who may change its jobs."""
        return "SELECT guard FROM call_task WHERE id = ?"

    @property
    def follow_up(self) -> str:
        """Of one job: its follow-up."""
        return f"SELECT id, interest, note FROM {self.follow} WHERE call_job_id = ? AND leads_follow_id = ?"

    @property
    def jobs_of_page(self) -> str:
        """Of all jobs of a page: what ``status`` and ``recorded`` tell."""
        return (
            f"SELECT call_job_id, phone, has_recording FROM {self.job} "
            f"WHERE task_id = ? AND {self._among('call_job_id')}"
        )

    @property
    def follow_ups_of_page(self) -> str:
        """Of all jobs of a page: their follow-ups."""
        return f"SELECT call_job_id, interest, note FROM {self.follow} WHERE {self._among('call_job_id')}"

    @property
    def recordings_of_page(self) -> str:
        """Of all jobs of a page: the recordings that are known already."""
        return f"SELECT call_job_id, url FROM call_recording WHERE {self._among('call_job_id')}"

    @property
    def update(self) -> str:
        """The status of one job."""
        return f"UPDATE {self.job} SET call_status = ? WHERE id = ?"

    @property
    def update_all(self) -> str:
        """The status of many jobs: a list of numbers and one of statuses, or one JSON text in SQLite."""
        if self.dialect == "postgresql":
            return (
                f"UPDATE {self.job} SET call_status = new.status "
                f"FROM unnest(?::bigint[], ?::text[]) AS new(id, status) WHERE {self.job}.id = new.id"
            )
        return (
            f"UPDATE {self.job} SET call_status = new.value ->> 1 "
            f"FROM json_each(?) AS new WHERE {self.job}.id = new.value ->> 0"
        )

    @property
    def unfinished(self) -> str:
        """How many jobs of a task are not finished."""
        return f"SELECT COUNT(*) FROM {self.job} WHERE task_id = ? AND call_status <> 'finished'"


def numbered(sql: str) -> str:
    """With $1, $2 ... for parameters, as asyncpg wants them.

    >>> numbered("SELECT ? + ?")
    'SELECT $1 + $2'
    """
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{part}" for number, part in enumerate(rest, 1))
