"""SQLite with a modelled link and server."""

from perfkit.worlds.database.sqlite.costs import SqliteCosts
from perfkit.worlds.database.sqlite.world import Sqlite

__all__ = ["Sqlite", "SqliteCosts"]
