"""Packing lists. Right: items and their products are loaded ahead, two queries more for all orders."""

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from tests.corpus._shop_models import Item, Order


def packing_list(order):
    return "\n".join([f"Order {order.id}", *(f"  {item.qty} x {item.product.sku}" for item in order.items)])


def lists(session):
    statement = select(Order).options(
        joinedload(Order.customer), selectinload(Order.items).selectinload(Item.product)
    )
    for order in session.scalars(statement):
        yield order.customer.name, packing_list(order)


def main(world):
    with Session(world.engine) as session:
        assert len(list(lists(session))) == 30
