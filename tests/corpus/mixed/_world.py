"""The world of the programs here: the shop's web service, and its database as ``dsn``."""

import contextlib

from tests.corpus._service import running
from tests.corpus._shop_database import filled


@contextlib.contextmanager
def world():
    """Serve from a database that has just been filled."""
    with filled() as dsn, running(dsn) as service:
        yield service
