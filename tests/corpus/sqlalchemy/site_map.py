"""A tree of categories in one go: each level is one query. Right: three levels, three queries."""

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from tests.corpus._shop_models import Category


def draw(category):
    yield category.name
    for child in category.children:
        yield from draw(child)


def main(world):
    whole = selectinload(Category.children, recursion_depth=-1)
    with Session(world.engine) as session:
        root = session.scalars(select(Category).where(Category.parent_id.is_(None)).options(whole)).one()
        assert len(list(draw(root))) == 13
