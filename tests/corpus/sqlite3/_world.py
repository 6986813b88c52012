"""An SQLite file with the tables, an open connection to it, and two files more of the same."""

import sqlite3
from contextlib import closing, contextmanager
from typing import NamedTuple

from tests.corpus._sqlite import files


class World(NamedTuple):
    """Where the databases are, and a connection to the first."""

    path: str
    conn: sqlite3.Connection
    shards: list[str]


@contextmanager
def world():
    with (
        files("shop.sqlite3", "eu.sqlite3", "us.sqlite3") as paths,
        closing(sqlite3.connect(paths[0], check_same_thread=False)) as conn,
    ):
        conn.row_factory = sqlite3.Row
        yield World(paths[0], conn, paths)
