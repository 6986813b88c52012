"""Feeds a search index: the description is a deferred column and is loaded for each product."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product


def documents(session):
    for product in session.scalars(select(Product).order_by(Product.id)):
        text = product.description  # expect: PK101
        yield {"id": product.sku, "words": text.lower().split()}


def main(world):
    with Session(world.engine) as session:
        assert sum(len(document["words"]) for document in documents(session)) == 72
