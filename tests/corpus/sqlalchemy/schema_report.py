"""Describes all tables. Right: the catalogue has to be asked about each of them."""

from sqlalchemy import MetaData, Table, inspect


def describe(engine):
    inspector = inspect(engine)
    report = {}
    for table in inspector.get_table_names():
        columns = [column["name"] for column in inspector.get_columns(table)]
        keys = [key["referred_table"] for key in inspector.get_foreign_keys(table)]
        report[table] = (columns, keys, inspector.get_indexes(table))
    return report


def reflect(engine, *names):
    metadata = MetaData()
    return [Table(name, metadata, autoload_with=engine) for name in names]


def main(world):
    assert len(describe(world.engine)) > 10
    assert len(reflect(world.engine, "regions", "sensors", "settings")) == 3
