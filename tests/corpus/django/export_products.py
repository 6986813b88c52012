"""Exports products with tags. Right: iterator() reads in chunks, each with one query for its tags."""

import csv
import io

from tests.corpus.django._world import shop


def export(file):
    writer = csv.writer(file)
    products = shop.Product.objects.order_by("pk").prefetch_related("tags")
    for product in products.iterator(chunk_size=6):
        writer.writerow([product.sku, product.price, " ".join(tag.word for tag in product.tags.all())])


def main(world):
    file = io.StringIO()
    export(file)
    assert file.getvalue().count("\n") == 24
