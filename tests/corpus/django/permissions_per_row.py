"""Buttons for a table of products: whether tags may be edited is asked again for each row."""

from dataclasses import dataclass, field

from tests.corpus.django._world import shop


@dataclass
class User:
    name: str
    roles: list[str] = field(default_factory=list)

    @property
    def may_edit(self):
        return shop.Setting.objects.filter(key="locked").exists() is False and "editor" in self.roles


def rows(user, products):
    return [
        (product.sku, "edit" if user.may_edit else "")  # expect: PK103
        for product in products
    ]


def main(world):
    table = rows(User("ada", ["editor"]), shop.Product.objects.order_by("sku")[:10])
    assert len(table) == 10
