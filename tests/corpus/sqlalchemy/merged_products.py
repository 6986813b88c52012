"""Merges rows of a file into the session: each is looked up by itself."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product


def main(world):
    rows = [
        {"id": number, "sku": f"SKU-{number}", "price": number * 7, "description": ""}
        for number in range(1, 10)
    ]
    with Session(world.engine) as session:
        for row in rows:
            session.merge(Product(**row))  # expect: PK101
        session.commit()
