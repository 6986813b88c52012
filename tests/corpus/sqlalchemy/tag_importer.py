"""Finds or creates tags: asks for each word and adds those that are missing, in turn."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Tag


def get_or_create(session, kind, **values):
    found = session.scalars(select(kind).filter_by(**values)).one_or_none()
    if found is None:
        found = kind(**values)
        session.add(found)
        session.flush()
    return found


def import_words(session, words):
    return [get_or_create(session, Tag, word=word) for word in words]  # expect: PK106


def main(world):
    with Session(world.engine) as session, session.begin():
        tags = import_words(session, ["oak", "ash", "red", "elm", "fir", "yew", "sale"])
        assert len({tag.id for tag in tags}) == 7
