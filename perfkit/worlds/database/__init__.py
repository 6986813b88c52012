"""Databases as worlds: SQLite with a modelled link, and a real PostgreSQL behind one."""

from perfkit.worlds.database.access import HOST, DatabaseAccess
from perfkit.worlds.database.dataset import Dataset, Load, Table
from perfkit.worlds.database.postgres import Cluster, Postgres
from perfkit.worlds.database.sqlite import Sqlite, SqliteCosts

__all__ = [
    "HOST",
    "Cluster",
    "DatabaseAccess",
    "Dataset",
    "Load",
    "Postgres",
    "Sqlite",
    "SqliteCosts",
    "Table",
]
