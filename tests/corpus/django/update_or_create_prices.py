"""Takes a price list over with update_or_create: reads and writes each product by itself."""

from tests.corpus.django._world import shop

PRICES = {f"SKU-{n:04}": n * 95 for n in range(20, 27)}


def take_over(prices):
    for sku, price in prices.items():
        shop.Product.objects.update_or_create(  # expect: PK106
            sku=sku,
            defaults={"price": price},
        )


def main(world):
    take_over(PRICES)
    assert shop.Product.objects.get(sku="SKU-0026").price == 26 * 95
