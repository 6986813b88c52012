"""Cards of customers: counts the orders of each, then looks for the last one."""

from tests.corpus.django._world import shop


def card(customer):
    orders = shop.Order.objects.filter(customer_id=customer.pk)
    waiting = shop.Item.objects.filter(order__customer_id=customer.pk, qty__gt=2)
    return {"name": customer.name, "orders": orders.count(), "waiting": waiting.exists()}


def cards(region):
    return [card(customer) for customer in shop.Customer.objects.filter(region__name=region)]  # expect: PK106


def main(world):
    assert len(cards("region 1")) == 5
