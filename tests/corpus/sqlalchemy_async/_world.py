"""An SQLite file with the shop's tables, a copy made for each program, and its URLs."""

from contextlib import contextmanager
from typing import NamedTuple

from tests.corpus.sqlalchemy import _world as sync


class World(NamedTuple):
    """URLs of the database for asyncio (aiosqlite) and without it."""

    url: str
    sync_url: str


@contextmanager
def world():
    with sync.world() as made:
        yield World(made.url.replace("sqlite:", "sqlite+aiosqlite:"), made.url)
