"""Looks up sensors with a helper that makes an engine, and with it a connection, for each call."""

from sqlalchemy import create_engine, text


def query(url, statement, **values):
    engine = create_engine(url)
    try:
        with engine.connect() as conn:
            return conn.execute(text(statement), values).all()
    finally:
        engine.dispose()


def sites(url, sensor_ids):
    found = {}
    for sensor_id in sensor_ids:
        rows = query(url, "SELECT site FROM sensors WHERE id = :id", id=sensor_id)  # expect: PK101, PK401
        found[sensor_id] = rows[0].site
    return found


def main(world):
    assert sites(world.url, [3, 14, 15, 92])[3] == "site 3"
