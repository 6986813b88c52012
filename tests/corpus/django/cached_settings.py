"""Prices with tax. Right: settings are cached; lists without rows ask for nothing more."""

from functools import cache

from tests.corpus.django._world import shop


@cache
def setting(key):
    return shop.Setting.objects.get(key=key).value


def price(product):
    return f"{product.price * (100 + int(setting('vat'))) / 10000:.2f} {setting('currency')}"


def waiting_for_refund():
    return [order.customer.name for order in shop.Order.objects.filter(status="refund")]


def main(world):
    setting.cache_clear()
    assert len([price(product) for product in shop.Product.objects.all()]) == 24
    assert waiting_for_refund() == []
