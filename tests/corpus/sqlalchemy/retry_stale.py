"""Changes a document that others change, too. Right: tries again when its version is not the one read."""

from sqlalchemy import text
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from tests.corpus._shop_models import Document

LATER = text("UPDATE documents SET version = version + 1 WHERE id = :id")


class Interference:
    """Another user, who is faster so many times."""

    def __init__(self, times):
        self.times = times

    def meddle(self, session, document_id):
        if self.times:
            self.times -= 1
            session.execute(LATER, {"id": document_id})


def publish(session, document_id, other):
    for _ in range(5):
        document = session.get(Document, document_id)
        document.state = "published"
        with session.no_autoflush:
            other.meddle(session, document_id)
        try:
            session.commit()
        except StaleDataError:
            session.rollback()
        else:
            return document.version
    raise TimeoutError(document_id)


def main(world):
    with Session(world.engine) as session:
        assert publish(session, 5, Interference(0)) == 2
        assert publish(session, 6, Interference(2)) == 2
