"""Writes all sensors to a file. Right: one query, its rows are read and mapped a hundred at a time."""

import io

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


def export(session, file, size):
    result = session.scalars(select(Sensor).order_by(Sensor.id).execution_options(yield_per=size))
    parts = 0
    for part in result.partitions():
        file.writelines(f"{sensor.id};{sensor.site}\n" for sensor in part)
        parts += 1
    return parts


def main(world):
    file = io.StringIO()
    with Session(world.engine) as session:
        assert export(session, file, 100) == 12
