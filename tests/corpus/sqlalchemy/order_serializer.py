"""Serializes orders for an API: the items of each are loaded when its dictionary is made."""

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


class OrderSerializer:
    fields = ("id", "status", "cents")

    def __init__(self, order):
        self.order = order

    def to_dict(self):
        data = {name: getattr(self.order, name) for name in self.fields}
        data["items"] = [self.line(item) for item in self.order.items]  # expect: PK101
        return data

    @staticmethod
    def line(item):
        return {"product": item.product_id, "qty": item.qty}


def list_orders(session, status):
    orders = session.scalars(select(Order).filter_by(status=status).order_by(Order.id)).all()
    return json.dumps([OrderSerializer(order).to_dict() for order in orders])


def main(world):
    with Session(world.engine) as session:
        return list_orders(session, "sent")
