"""Adds up a basket. Right: products are loaded with one query, get() then finds them in the session."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product


def total(session, basket):
    # kept, since the session refers to its objects weakly
    loaded = session.scalars(select(Product).where(Product.id.in_(basket))).all()
    assert len(loaded) == len(basket)
    return sum(session.get(Product, product_id).price * qty for product_id, qty in basket.items())


def main(world):
    with Session(world.engine) as session:
        assert total(session, {2: 1, 5: 3, 7: 1, 11: 2}) == 4600
