"""Adds up a cart kept in a session: .get() for each product."""

from tests.corpus.django._world import shop


class Cart:
    def __init__(self, session):
        self.lines = session.setdefault("cart", {})

    def add(self, product_id, qty=1):
        self.lines[product_id] = self.lines.get(product_id, 0) + qty

    def total(self):
        cents = 0
        for product_id, qty in self.lines.items():
            product = shop.Product.objects.get(pk=product_id)  # expect: PK101
            cents += product.price * qty
        return cents


def main(world):
    cart = Cart({})
    for product_id in (3, 5, 8, 13):
        cart.add(product_id)
    assert cart.total() == 2900
