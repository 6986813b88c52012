"""A menu from a tree of categories: the children of each node are loaded when it is drawn (recursion)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Category


def draw(category, depth=0):
    yield "  " * depth + category.name
    for child in category.children:  # expect: PK101
        yield from draw(child, depth + 1)


def main(world):
    with Session(world.engine) as session:
        root = session.scalars(select(Category).where(Category.parent_id.is_(None))).one()
        assert len(list(draw(root))) == 13
