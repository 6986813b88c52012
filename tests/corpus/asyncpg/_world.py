"""The world of the programs here: the URL of a PostgreSQL database with a shop's tables."""

from tests.corpus._shop_database import filled as world

__all__ = ["world"]
