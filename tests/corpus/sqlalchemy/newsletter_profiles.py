"""Who gets the newsletter: the profile of each customer is loaded, and some have none (one to one)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer


def wants_newsletter(customer):
    profile = customer.profile  # expect: PK101
    return profile is not None and profile.newsletter


def main(world):
    with Session(world.engine) as session:
        customers = session.scalars(select(Customer)).all()
        readers = list(filter(wants_newsletter, customers))
        assert 0 < len(readers) < len(customers)
