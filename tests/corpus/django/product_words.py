"""Words for a search index: the tags of each product, by a generator (many to many)."""

from tests.corpus.django._world import shop


def words(product):
    yield product.sku.lower()
    yield from (tag.word for tag in product.tags.all())  # expect: PK101


def index():
    entries = {}
    for product in shop.Product.objects.order_by("sku").iterator():
        for word in words(product):
            entries.setdefault(word, []).append(product.sku)
    return entries


def main(world):
    assert len(index()["red"]) == 12
