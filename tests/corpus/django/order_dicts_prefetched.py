"""Serializes orders. Right: items and their products are prefetched, a query for each relation."""

from django.db.models import Prefetch

from tests.corpus.django._world import shop


class OrderView:
    queryset = shop.Order.objects.select_related("customer").prefetch_related(
        Prefetch("items", queryset=shop.Item.objects.select_related("product").order_by("id")),
        "items__product__tags",
    )

    def serialize(self, order):
        return {
            "buyer": order.customer.name,
            "items": [
                (item.product.sku, [tag.word for tag in item.product.tags.all()])
                for item in order.items.all()
            ],
        }

    def list(self, **filters):
        return [self.serialize(order) for order in self.queryset.filter(**filters)]


def main(world):
    assert len(OrderView().list(status="new")) == 10
