"""The page of one order. Right: a single object, so each relation is loaded once, when it is needed."""

from django.shortcuts import get_object_or_404

from tests.corpus.django._world import shop


def detail(pk):
    order = get_object_or_404(shop.Order, pk=pk)
    context = {"buyer": order.customer.name, "region": order.customer.region.name}
    context["items"] = [(item.qty, item.product_id) for item in order.items.all()]
    context["others"] = order.customer.orders.exclude(pk=order.pk).count()
    return context


def main(world):
    assert len(detail(4)["items"]) == 2
