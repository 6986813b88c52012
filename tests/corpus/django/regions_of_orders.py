"""Orders per region: goes from the order to its customer and on to the region, loading both one by one."""

from collections import Counter

from tests.corpus.django._world import shop


def region_of(order):
    customer = order.customer  # expect: PK101
    return customer.region.name  # expect: PK101


def main(world):
    counts = Counter(region_of(order) for order in shop.Order.objects.exclude(status="new"))
    assert sum(counts.values()) == 20
