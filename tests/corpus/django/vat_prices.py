"""Prices with tax: the same setting is read again for each product."""

from tests.corpus.django._world import shop


def setting(key, default=None):
    try:
        return shop.Setting.objects.get(key=key).value
    except shop.Setting.DoesNotExist:
        return default


def gross(product):
    return product.price * (100 + int(setting("vat", 0))) // 100


def prices(products):
    result = {}
    for product in products:
        result[product.sku] = gross(product)  # expect: PK103
    return result


def main(world):
    assert prices(shop.Product.objects.all())["SKU-0001"] == 119
