"""Adds up a basket with a repository that gets products by their key, one at a time."""

from typing import Protocol

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Product


class Repository(Protocol):
    def get(self, key): ...


class SqlRepository:
    """One for all kinds of objects."""

    def __init__(self, session, kind):
        self._session = session
        self._kind = kind

    def get(self, key):
        return self._session.get(self._kind, key)


def total(products: Repository, basket):
    cents = 0
    for product_id, qty in basket.items():
        product = products.get(product_id)  # expect: PK101
        cents += product.price * qty
    return cents


def main(world):
    with Session(world.engine) as session:
        customer = SqlRepository(session, Customer).get(3)
        assert customer.name == "customer 3"
        assert total(SqlRepository(session, Product), {2: 1, 5: 3, 7: 1, 11: 2}) == 4600
