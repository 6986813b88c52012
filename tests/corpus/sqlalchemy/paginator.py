"""Goes through sensors in pages, as a web client would. Right: LIMIT and OFFSET, to the last page."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Sensor


class Paginator:
    def __init__(self, session, statement, per_page):
        self.session = session
        self.statement = statement
        self.per_page = per_page

    @property
    def count(self):
        return self.session.scalar(select(func.count()).select_from(self.statement.subquery()))

    def page(self, number):
        chosen = self.statement.limit(self.per_page).offset((number - 1) * self.per_page)
        return self.session.scalars(chosen).all()

    def __iter__(self):
        pages = -(-self.count // self.per_page)
        for number in range(1, pages + 1):
            yield self.page(number)


def main(world):
    with Session(world.engine) as session:
        paginator = Paginator(session, select(Sensor).order_by(Sensor.id), 250)
        assert [len(page) for page in paginator] == [250, 250, 250, 250, 200]
