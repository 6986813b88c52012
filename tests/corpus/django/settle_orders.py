"""Settles orders: saves each of them in a loop."""

from django.db import transaction

from tests.corpus.django._world import shop


@transaction.atomic
def settle(orders):
    for order in orders:
        order.status = "settled"
        order.save(update_fields=["status"])  # expect: PK105


def main(world):
    settle(shop.Order.objects.filter(status="sent"))
    assert shop.Order.objects.filter(status="settled").count() == 10
