"""Packing lists: two levels are loaded one by one, the items of an order and the product of an item."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def packing_list(order):
    lines = [f"Order {order.id}"]
    for item in order.items:  # expect: PK101
        lines.append(f"  {item.qty} x {item.product.sku}")  # expect: PK101  # noqa: PERF401
    return "\n".join(lines)


def print_lists(engine, write):
    with Session(engine) as session:
        for order in session.scalars(select(Order).where(Order.cents > 3000)).all():
            write(packing_list(order))


def main(world):
    pages = []
    print_lists(world.engine, pages.append)
    assert len(pages) > 10
