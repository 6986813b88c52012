"""Adds up revenue over all databases. Right: the customers are spread over files, each is asked once."""

import sqlite3
from contextlib import closing

REVENUE = "SELECT coalesce(sum(total_cents), 0) FROM orders WHERE status <> 'new'"


def revenue(path):
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(REVENUE).fetchone()[0]


def main(world):
    per_shard = {path: revenue(path) for path in world.shards}
    assert len(per_shard) == 3
    return sum(per_shard.values())
