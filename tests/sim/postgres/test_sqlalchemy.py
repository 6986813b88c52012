import asyncio

import pytest
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload

from tests.sim.postgres.support import URL, Watch, simulate


class Base(DeclarativeBase):
    pass


class Author(Base):
    __tablename__ = "sim_author"
    id: Mapped[int] = mapped_column(primary_key=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Book(Base):
    __tablename__ = "sim_book"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("sim_author.id"))
    author: Mapped[Author] = relationship(back_populates="books")


@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
def test_an_orm_query(driver):
    async def main(gate):
        engine = create_async_engine(URL.replace("postgresql:", f"postgresql+{driver}:"))
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
            await connection.run_sync(Base.metadata.create_all)
        async with AsyncSession(engine) as session:
            session.add_all(Author(id=i, books=[Book(id=10 * i + j) for j in range(3)]) for i in range(1, 6))
            await session.commit()
        statement = select(Author).order_by(Author.id).options(selectinload(Author.books))
        counts = []
        for _ in range(2):
            async with AsyncSession(engine) as session:
                watch = Watch()
                authors = (await session.scalars(statement)).all()
                counts.append(watch.trips())
                books = sum(len(author.books) for author in authors)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.drop_all)
        await engine.dispose()
        return len(authors), books, counts[1]

    # BEGIN, the authors, their books; the first time a ping and what is prepared come on top
    assert simulate(main) == (5, 15, 3)


def test_a_sync_engine_in_a_coroutine_blocks_it():
    async def main(gate):
        engine = create_engine(URL.replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as connection:
            connection.scalar(select(1))
            watch = Watch()
            got = [connection.scalar(select(i)) for i in range(4)]
        trips = watch.trips()
        engine.dispose()
        return got, trips

    # the queries, and ROLLBACK
    assert simulate(main) == ([0, 1, 2, 3], 5)


def test_a_gather_of_sessions_overlaps():
    async def main(gate):
        engine = create_async_engine(URL.replace("postgresql:", "postgresql+asyncpg:"), pool_size=5)

        async def one():
            async with AsyncSession(engine) as session:
                return await session.scalar(select(1))

        await asyncio.gather(*(one() for _ in range(5)))
        watch = Watch()
        got = await asyncio.gather(*(one() for _ in range(5)))
        trips = watch.trips()
        await engine.dispose()
        return sum(got), trips

    # BEGIN, the query, ROLLBACK
    assert simulate(main) == (5, 3)
