"""Statistics of customers. Right: annotated by the database; names of tags come from one query more."""

from django.db.models import Count, Q, Sum

from tests.corpus.django._world import shop


def table():
    customers = shop.Customer.objects.annotate(
        waiting=Count("orders", filter=~Q(orders__status="sent")), spent=Sum("orders__cents")
    ).order_by("-waiting", "name")
    for customer in customers:
        yield customer.name, customer.waiting, customer.spent or 0


def totals():
    return shop.Order.objects.aggregate(total=Sum("cents"), count=Count("pk"))


def main(world):
    assert sum(waiting for _, waiting, _ in table()) == 20
    assert totals()["count"] == 30
