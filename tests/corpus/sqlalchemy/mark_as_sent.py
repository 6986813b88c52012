"""Marks orders as sent: one UPDATE statement per order, with a Core statement built anew each time."""

from sqlalchemy import select, update

from tests.corpus._shop_models import Order


def mark(conn, order_ids):
    for order_id in order_ids:
        statement = update(Order).where(Order.id == order_id).values(status="sent")
        conn.execute(statement)  # expect: PK105


def main(world):
    with world.engine.begin() as conn:
        waiting = conn.scalars(select(Order.id).where(Order.status == "open")).all()
        mark(conn, waiting)
