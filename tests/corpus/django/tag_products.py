"""Tags a product and its neighbours. Right: add() and set() take all tags at once."""

from tests.corpus.django._world import shop


def retag(sku, words):
    product = shop.Product.objects.get(sku=sku)
    tags = list(shop.Tag.objects.filter(word__in=words))
    product.tags.set(tags)
    return product.tags.count()


def on_sale(limit):
    tag = shop.Tag.objects.get(word="sale")
    tag.products.add(*shop.Product.objects.filter(price__lt=limit))


def main(world):
    assert retag("SKU-0005", ["red", "large", "sale"]) == 3
    on_sale(1000)
