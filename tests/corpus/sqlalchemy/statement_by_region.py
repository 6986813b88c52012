"""Customers of one region with their orders. Right: contains_eager and subqueryload fill the relations."""

from sqlalchemy.orm import Session, contains_eager, subqueryload

from tests.corpus._shop_models import Customer, Region


class Statements:
    def __init__(self, session):
        self.session = session

    def customers(self, region):
        return (
            self.session.query(Customer)
            .join(Customer.region)
            .filter(Region.name == region)
            .options(contains_eager(Customer.region), subqueryload(Customer.orders))
            .all()
        )

    def lines(self, region):
        for customer in self.customers(region):
            total = sum(order.cents for order in customer.orders)
            yield f"{customer.region.name}: {customer.name} {total}"


def main(world):
    with Session(world.engine) as session:
        assert len(list(Statements(session).lines("region 2"))) == 5
