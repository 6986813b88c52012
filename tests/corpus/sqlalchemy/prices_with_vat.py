"""Prices with tax: the same setting is selected again for each product."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product, Setting


class Settings:
    def __init__(self, session):
        self.session = session

    @property
    def vat(self):
        value = self.session.scalar(select(Setting.value).where(Setting.key == "vat"))
        return int(value)


class PriceList:
    def __init__(self, session):
        self.settings = Settings(session)
        self.session = session

    def gross(self):
        products = self.session.scalars(select(Product)).all()
        return [
            product.price * (100 + self.settings.vat) // 100  # expect: PK103
            for product in products
        ]


def main(world):
    with Session(world.engine) as session:
        assert len(PriceList(session).gross()) == 24
