"""A real PostgreSQL: found or started, filled, and put behind a link."""

from perfkit.worlds.database.postgres.cluster import Cluster
from perfkit.worlds.database.postgres.world import Postgres

__all__ = ["Cluster", "Postgres"]
