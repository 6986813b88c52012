"""Reads each price again before it is shown, one by one."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product


def main(world):
    with Session(world.engine) as session:
        products = session.scalars(select(Product).limit(8)).all()
        shown = []
        for product in products:
            session.refresh(product)  # expect: PK101
            shown.append(f"{product.sku}: {product.price}")
    assert len(shown) == 8
