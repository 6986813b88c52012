"""Prints price tags: the query left the price out, so that it is loaded for each product (deferred)."""

from tests.corpus.django._world import shop


class PriceTag:
    def __init__(self, product):
        self.product = product

    @property
    def text(self):
        return f"{self.product.sku}: {self.product.price / 100:.2f}"  # expect: PK101


def main(world):
    products = shop.Product.objects.only("sku").filter(sku__lt="SKU-0010")
    tags = [PriceTag(product) for product in products]
    assert "\n".join(tag.text for tag in tags).count("\n") == 8
