from dataclasses import replace

from perfkit.bench.fresh.data import digest
from perfkit.worlds import Together, WebWorld, http
from perfkit.worlds.database import Dataset, Sqlite, Table


def load(size, seed):
    return Dataset([Table("jobs", {"id": "bigint"}, rows=lambda: ((seed * n,) for n in range(size)))])


def changed(**options):
    """The digest of data of which one thing is another."""
    return digest(Sqlite(lambda size, seed: Dataset([replace(load(size, seed).tables[0], **options)])), 3, 1)


def test_equal_data_has_one_digest_in_any_world():
    assert digest(Sqlite(load), 3, 1) == digest(Sqlite(load, rtt_ms=9), 3, 1) == changed()
    assert digest(Together(api=http(), jobs=Sqlite(load)), 3, 1) == changed()


def test_rows_tables_and_indexes_are_data():
    found = {digest(Sqlite(load), size, seed) for size in (3, 4) for seed in (1, 2)}
    found |= {
        changed(name="other"),
        changed(columns={"id": "text"}),
        changed(indexes=[("id",)]),
        changed(rows=lambda: [(0,), (1,), ("2",)]),
    }
    assert len(found) == 8
    assert all(len(one) == 8 for one in found)


def test_a_world_without_databases_has_none():
    assert digest(http(), 3, 1) == digest(WebWorld(lambda size: None), 3, 1) == ""
