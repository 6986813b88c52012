"""A real PostgreSQL for tests: one server per test session, on loopback, gone when the session is.

from tests.postgres import postgres_dsn  # a fixture

def test_it(postgres_dsn): ...
"""

from functools import cache

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.database import Cluster


@pytest.fixture(scope="session")
def postgres_dsn():
    """Where the session's PostgreSQL is: a URL with a user and a password, which it does not check."""
    return postgres()


@cache
def postgres():
    """Start PostgreSQL, unless it runs already, and give its URL. Skips the test where none is installed."""
    try:
        cluster = Cluster()
    except WorldError as error:
        pytest.skip(str(error))
    return f"postgresql://postgres:s3cr3t-password@127.0.0.1:{cluster.port}/postgres"
