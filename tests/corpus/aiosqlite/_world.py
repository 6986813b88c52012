"""An SQLite file with the tables, and a second one of the same."""

from contextlib import contextmanager
from typing import NamedTuple

from tests.corpus._sqlite import files


class World(NamedTuple):
    """Where the databases are."""

    path: str
    archive: str


@contextmanager
def world():
    with files("shop.sqlite3", "archive.sqlite3") as paths:
        yield World(*paths)
