"""Serializes orders with a class of fields: one of them asks for the items of the order."""

from tests.corpus.django._world import shop


class Serializer:
    fields = ()

    def __init__(self, instance):
        self.instance = instance

    @property
    def data(self):
        return {name: getattr(self, f"get_{name}")(self.instance) for name in self.fields}

    @classmethod
    def many(cls, instances):
        return [cls(instance).data for instance in instances]


class OrderSerializer(Serializer):
    fields = ("number", "items")

    def get_number(self, order):
        return f"{order.pk:06}"

    def get_items(self, order):
        return [{"product": item.product_id, "qty": item.qty} for item in order.items.all()]  # expect: PK101


def main(world):
    orders = shop.Order.objects.filter(cents__lt=6000)
    assert len(OrderSerializer.many(orders)) == 11
