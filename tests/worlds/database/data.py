"""A small shop for both databases."""

from perfkit.worlds.database import Dataset, Table

MS = 1_000_000


def load(size, seed):
    """``size`` jobs of seven customers; the seed is in their names."""
    jobs = Table(
        "jobs",
        {"id": "bigint PRIMARY KEY", "customer": "integer NOT NULL", "name": "text"},
        rows=lambda: [(number, number % 7, f"job {seed}/{number}") for number in range(size)],
        indexes=[("customer", "id")],
    )
    return Dataset([jobs])
