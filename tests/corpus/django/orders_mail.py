"""Addresses for open orders: the customer of each order is loaded when it is read."""

from tests.corpus.django._world import shop


def addresses():
    found = set()
    for order in shop.Order.objects.filter(status="open"):
        found.add(order.customer.email)  # expect: PK101
    return found


def main(world):
    assert len(addresses()) == 10
