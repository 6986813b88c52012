"""Stores people of a class that is spread over two tables. Right: one flush, whatever statements it takes."""

from sqlalchemy.orm import Session

from tests.corpus._shop_models import Document, Engineer, Person


def hire(session, names):
    for name in names:
        session.add(Engineer(name=name, language="python"))
    session.add(Person(name="caller", kind="person"))


def publish(session):
    for document in session.query(Document).filter_by(state="draft"):
        document.state = "published"
        if document.id % 2:
            document.title = document.title.upper()


def main(world):
    with Session(world.engine) as session:
        hire(session, ["ada", "grace", "edsger", "barbara", "tony"])
        publish(session)
        session.commit()
