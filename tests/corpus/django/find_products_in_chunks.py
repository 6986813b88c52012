"""Finds products by article number. Right: in_bulk with a chunk of numbers at a time."""

from itertools import islice

from tests.corpus.django._world import shop


def chunked(values, size):
    source = iter(values)
    while chunk := list(islice(source, size)):
        yield chunk


def by_sku(skus):
    found = {}
    for chunk in chunked(skus, 7):
        found |= shop.Product.objects.in_bulk(chunk, field_name="sku")
    return found


def main(world):
    assert len(by_sku([f"SKU-{n:04}" for n in range(1, 26)])) == 24
