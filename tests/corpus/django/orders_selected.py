"""Addresses and regions for open orders. Right: select_related joins customer and region to the query."""

from tests.corpus.django._world import shop


def addresses(status):
    orders = shop.Order.objects.filter(status=status).select_related("customer__region")
    return {(order.customer.email, order.customer.region.name) for order in orders}


def main(world):
    assert len(addresses("open")) == 10
