import sqlite3
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.database import Dataset, Table
from perfkit.worlds.database.sqlite.world import fill


def test_names_are_quoted():
    table = Table('odd "name"', {"select": "integer"}, indexes=[("select",)])
    assert table.create("sqlite") == ['CREATE TABLE "odd ""name""" ("select" integer)']
    assert table.create_indexes() == [
        'CREATE INDEX "odd ""name""_select_idx" ON "odd ""name""" ("select")',
    ]


def test_constraints_are_part_of_the_table():
    table = Table("a", {"x": "integer", "y": "integer"}, constraints=["PRIMARY KEY (x, y)"])
    assert table.create("postgresql") == ['CREATE TABLE "a" ("x" integer, "y" integer, PRIMARY KEY (x, y))']


def test_a_type_that_is_missing():
    table = Table("a", {"x": {"sqlite": "text"}})
    assert table.create("sqlite") == ['CREATE TABLE "a" ("x" text)']
    with pytest.raises(WorldError, match=r"column a\.x has no type for postgresql"):
        table.create("postgresql")


def test_a_row_that_does_not_fit():
    table = Table("a", {"x": "integer", "y": "integer"}, rows=lambda: [(1, 2), (3,)])
    with pytest.raises(WorldError, match="row 1 of table a has 1 values for 2 columns: x, y"):
        list(table.checked_rows())


def test_sqlite_takes_what_it_has_no_type_for(tmp_path):
    row = (True, date(2026, 1, 5), datetime(2026, 1, 5, 9, 30), Decimal("1.50"), UUID(int=1), {"a": 1}, b"\0")
    columns = {f"c{number}": "" for number in range(len(row))}
    fill(tmp_path / "a", Dataset([Table("a", columns, rows=lambda: [row])]))
    database = sqlite3.connect(tmp_path / "a")
    (found,) = database.execute("SELECT * FROM a").fetchall()
    database.close()
    assert found == (
        *(1, "2026-01-05", "2026-01-05 09:30:00", "1.50"),
        *("00000000-0000-0000-0000-000000000001", '{"a": 1}', b"\0"),
    )


def test_statements_run_last_and_where_they_are_meant_for(tmp_path):
    table = Table("a", {"x": "integer"}, rows=lambda: [(1,), (2,)])
    data = Dataset([table], statements={"sqlite": ["CREATE VIEW two AS SELECT * FROM a"]})
    assert data.last_statements("postgresql") == ()
    fill(tmp_path / "a", data)
    database = sqlite3.connect(tmp_path / "a")
    assert database.execute("SELECT count(*) FROM two").fetchone() == (2,)
    database.close()


def test_data_that_cannot_be_loaded(tmp_path):
    table = Table("a", {"x": "integer PRIMARY KEY"}, rows=lambda: [(1,), (1,)])
    with pytest.raises(WorldError, match=r"cannot be loaded into SQLite: UNIQUE constraint failed: a\.x"):
        fill(tmp_path / "a", Dataset([table]))
