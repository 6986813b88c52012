"""A tree of categories as nested lists: the children of each node are asked for (recursion)."""

from tests.corpus.django._world import shop


def nested(category):
    children = list(category.children.order_by("name"))  # expect: PK101
    return [category.name, [nested(child) for child in children]]


def main(world):
    root = shop.Category.objects.get(parent=None)
    assert len(nested(root)[1]) == 3
