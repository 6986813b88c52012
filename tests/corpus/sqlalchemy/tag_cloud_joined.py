"""Counts tags over products. Right: joinedload brings the tags with the products."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import joinedload, sessionmaker

from tests.corpus._shop_models import Product


def tag_cloud(sessions):
    with sessions.begin() as session:
        products = session.scalars(select(Product).options(joinedload(Product.tags))).unique().all()
        return Counter(tag.word for product in products for tag in product.tags)


def main(world):
    assert tag_cloud(sessionmaker(world.engine))["red"]
