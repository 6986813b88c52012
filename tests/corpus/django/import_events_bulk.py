"""Imports events and changes orders. Right: bulk_create and bulk_update write many rows with a statement."""

import datetime as dt

from django.db import transaction

from tests.corpus.django._world import shop


def import_events(days):
    first = dt.date(2024, 6, 1)
    rows = (shop.Event(kind="view", user=n % 5, day=first + dt.timedelta(n)) for n in range(days))
    shop.Event.objects.bulk_create(rows, batch_size=40)


def raise_prices(factor):
    products = list(shop.Product.objects.all())
    for product in products:
        product.price = round(product.price * factor)
    shop.Product.objects.bulk_update(products, ["price"], batch_size=8)


def main(world):
    with transaction.atomic():
        import_events(150)
        raise_prices(1.1)
    assert shop.Product.objects.get(sku="SKU-0001").price == 110
