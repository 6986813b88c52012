"""A table for a web page whose rows are objects with properties; one of them loads the customer."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Order


@dataclass
class Row:
    order: Order

    @property
    def number(self):
        return f"{self.order.id:06}"

    @property
    def buyer(self):
        return self.order.customer.name  # expect: PK101

    @property
    def total(self):
        return f"{self.order.cents / 100:.2f}"


def render(rows):
    columns = ("number", "buyer", "total")
    return "\n".join(" | ".join(getattr(row, column) for column in columns) for row in rows)


def main(world):
    with Session(world.engine) as session:
        newest = session.scalars(select(Order).order_by(Order.id.desc()).limit(15))
        return render([Row(order) for order in newest])
