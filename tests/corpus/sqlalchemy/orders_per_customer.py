"""How many orders each customer has: a COUNT per customer in a dict comprehension."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Order


def order_counts(session):
    customers = session.scalars(select(Customer).order_by(Customer.name)).all()
    return {
        customer.name: session.scalar(  # expect: PK101
            select(func.count())
            .select_from(Order)
            .where(Order.customer_id == customer.id, Order.status.in_(["new", "open"]))
        )
        for customer in customers
    }


def main(world):
    with Session(world.engine) as session:
        assert sum(order_counts(session).values()) == 20
