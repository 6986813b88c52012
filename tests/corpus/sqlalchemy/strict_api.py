"""An API that forbids lazy loads. Right: raiseload makes sure that all is loaded with the query."""

from sqlalchemy import select
from sqlalchemy.orm import Session, raiseload, selectinload

from tests.corpus._shop_models import Customer

OPTIONS = (selectinload(Customer.orders), selectinload(Customer.profile), raiseload("*"))


def payload(customer):
    return {
        "name": customer.name,
        "orders": [order.id for order in customer.orders],
        "newsletter": bool(customer.profile and customer.profile.newsletter),
    }


def endpoint(engine):
    with Session(engine) as session:
        return [payload(customer) for customer in session.scalars(select(Customer).options(*OPTIONS))]


def main(world):
    assert len(endpoint(world.engine)) == 20
