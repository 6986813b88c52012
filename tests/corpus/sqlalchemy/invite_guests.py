"""Sorts a list of addresses into customers and strangers: a query with .first() for each address."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer


class CustomerService:
    def __init__(self, session):
        self.session = session

    def by_email(self, email):
        return self.session.query(Customer).filter(Customer.email == email.strip().lower()).first()

    def sort(self, addresses):
        known, unknown = [], []
        for address in addresses:
            customer = self.by_email(address)  # expect: PK101
            (known if customer else unknown).append(address)
        return known, unknown


def main(world):
    with Session(world.engine) as session:
        addresses = [f"C{n}@shop.test " for n in range(15, 26)]
        known, unknown = CustomerService(session).sort(addresses)
        assert (len(known), len(unknown)) == (6, 5)
