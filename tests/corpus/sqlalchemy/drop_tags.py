"""Removes words from products: a bulk DELETE per word, each of one row."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Tag


def drop(session, words):
    removed = 0
    for word in words:
        removed += session.query(Tag).filter_by(word=word).delete()  # expect: PK105
    session.commit()
    return removed


def main(world):
    with Session(world.engine) as session:
        assert drop(session, ["red", "sale", "blue", "purple"]) == 3
