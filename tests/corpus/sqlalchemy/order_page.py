"""The page of one order. Right: a single object, whose relations are loaded when the page shows them."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


def page(session, order_id):
    order = session.get(Order, order_id)
    lines = [f"Order {order.id} of {order.customer.name}, {order.customer.region.name}"]
    lines += [f"{item.qty} x {item.product_id}" for item in order.items]
    if order.customer.profile is not None:
        lines.append("subscribed")
    return "\n".join(lines)


def main(world):
    with Session(world.engine) as session:
        return page(session, 12)
