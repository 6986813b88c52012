"""A tree of categories. Right: all are loaded by one query and put together in memory."""

from collections import defaultdict

from tests.corpus.django._world import shop


def tree():
    below = defaultdict(list)
    for category in shop.Category.objects.order_by("name"):
        below[category.parent_id].append(category)

    def nested(category):
        return {"name": category.name, "children": [nested(child) for child in below[category.pk]]}

    return [nested(root) for root in below[None]]


def main(world):
    assert len(tree()[0]["children"]) == 3
