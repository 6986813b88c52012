"""An SQLite file with the shop's tables, a copy made for each program, and an engine for it."""

import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import configure_mappers

from tests.corpus._shop_models import fill


class World(NamedTuple):
    """The database's engine and URL, and where to put more files."""

    engine: Engine
    url: str
    folder: Path


@cache
def _content():
    configure_mappers()
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        path = Path(folder, "shop.sqlite3")
        fill(f"sqlite:///{path}")
        return path.read_bytes()


@contextmanager
def world():
    with tempfile.TemporaryDirectory(prefix="corpus-") as folder:
        path = Path(folder, "shop.sqlite3")
        path.write_bytes(_content())
        engine = create_engine(f"sqlite:///{path}")
        yield World(engine, f"sqlite:///{path}", Path(folder))
        engine.dispose()
