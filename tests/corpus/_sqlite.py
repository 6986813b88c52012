"""A file with the tables' SQLite database, made once in memory and copied for each program."""

import sqlite3
import tempfile
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path

from tests.corpus._tables import ROWS, STATEMENTS


@cache
def _content():
    with closing(sqlite3.connect(":memory:")) as conn:
        conn.executescript(STATEMENTS)
        for table, rows in ROWS.items():
            if rows:
                marks = ", ".join("?" * len(rows[0]))
                conn.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)
        conn.commit()
        return conn.serialize()


@contextmanager
def files(*names):
    """Paths of so many copies in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        paths = [Path(folder, name) for name in names]
        for path in paths:
            path.write_bytes(_content())
        yield [str(path) for path in paths]
