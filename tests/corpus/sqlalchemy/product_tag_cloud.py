"""Counts tags over products: the tags of each product are loaded by themselves (many to many)."""

from collections import Counter

from sqlalchemy.orm import sessionmaker

from tests.corpus._shop_models import Product


class TagCloud:
    def __init__(self, sessions):
        self.sessions = sessions

    def count(self, cheaper_than):
        with self.sessions() as session:
            products = session.query(Product).filter(Product.price < cheaper_than)
            return Counter(
                tag.word
                for product in products
                for tag in product.tags  # expect: PK101
            )


def main(world):
    cloud = TagCloud(sessionmaker(world.engine)).count(1500)
    assert cloud["red"]
