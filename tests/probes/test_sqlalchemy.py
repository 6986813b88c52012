import asyncio
import inspect
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    exc,
    insert,
    literal,
    select,
    text,
    update,
)
from sqlalchemy.engine import Connection, CursorResult, Engine
from sqlalchemy.ext.asyncio import AsyncAttrs, AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    immediateload,
    joinedload,
    lazyload,
    mapped_column,
    relationship,
    selectinload,
    subqueryload,
)
from sqlalchemy.pool import NullPool, QueuePool, StaticPool

import perfkit
from perfkit.probes import sqlalchemy as probe
from perfkit.probes import sqlite3 as driver_probe
from perfkit.tracing import Recording
from tests.mariadb import mariadb
from tests.postgres import postgres

HERE = "tests/probes/test_sqlalchemy.py"


class Base(AsyncAttrs, DeclarativeBase):
    pass


labels = Table(
    "labels",
    Base.metadata,
    Column("item", ForeignKey("item.id"), primary_key=True),
    Column("tag", ForeignKey("tag.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None] = mapped_column(String(20), deferred=True)
    items: Mapped[list["Item"]] = relationship(back_populates="order", order_by="Item.id")


class Item(Base):
    __tablename__ = "item"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order: Mapped[Order] = relationship(back_populates="items")
    tags: Mapped[list[Tag]] = relationship(secondary=labels)


@pytest.fixture(autouse=True)
def _watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def engine():
    """Three orders with two items each, on SQLite in memory."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(made)
    with Session(made) as session:
        fill(session)
        session.commit()
    yield made
    made.dispose()


def fill(session):
    session.add_all(Order(id=number, note=f"s3cr3t-{number}") for number in (1, 2, 3))
    session.add_all(Item(id=number, order_id=1 + number % 3, tags=[Tag(id=number)]) for number in range(1, 7))


def line():
    return inspect.currentframe().f_back.f_lineno


def queries(rec):
    return rec.trace.of_kind("query")


def told(rec, *names):
    """Of each query the named attributes, where it has them."""
    return [{name: span.attrs[name] for name in names if name in span.attrs} for span in queries(rec)]


def test_a_query_of_the_core():
    engine = create_engine("sqlite:////a/folder/shop.db", creator=_memory)
    with engine.connect() as connection, Recording() as rec:
        rows, at = connection.execute(text("SELECT :a AS a UNION SELECT 2"), {"a": 1}).all(), line()
    engine.dispose()
    assert len(rows) == 2
    (found,) = queries(rec)
    assert (found.site.file, found.site.line) == (HERE, at)
    assert found.error is None
    parameters, number = found.attrs.pop("params"), found.attrs.pop("connection")
    assert len(parameters) == 16
    assert number > 0
    assert found.attrs == {
        "sql": "SELECT ? AS a UNION SELECT ?",
        "rows": 2,
        "system": "sqlite",
        "host": "",
        "database": "shop.db",
        "library": "sqlalchemy",
        "transaction": True,
    }


def _memory():
    return sqlite3.connect(":memory:")


def test_parameters_are_told_apart_and_not_kept(engine):
    statement = text("SELECT * FROM orders WHERE note = :note")
    with engine.connect() as connection, Recording() as rec:
        for note in ("s3cr3t-1", "s3cr3t-2", "s3cr3t-1"):
            connection.execute(statement, {"note": note}).all()
    first, second, third = told(rec, "params", "sql")
    assert first == third
    assert first["params"] != second["params"]
    assert first["sql"] == second["sql"]
    assert "s3cr3t" not in repr(rec.trace)


def test_values_are_kept_if_asked_for(engine):
    with engine.connect() as connection, Recording(keep_values=True) as rec:
        connection.execute(text("SELECT :a"), {"a": "shown"})
    assert "shown" in queries(rec)[0].attrs["values"]


def test_rows_are_those_that_were_fetched(engine):
    def ask():
        return connection.execute(select(Item.id).order_by(Item.id))

    with engine.connect() as connection, Recording() as rec:
        assert len(ask().all()) == 6
        assert len(ask().fetchmany(4)) == 4
        assert ask().first().id == 1
        assert [row.id for row in ask()] == [1, 2, 3, 4, 5, 6]
        assert next(iter(ask())).id == 1
        assert [len(part) for part in ask().partitions(4)] == [4, 2]
        assert connection.execute(select(Item.id).where(Item.id > 99)).all() == []
        ask().close()
        assert connection.execute(update(Item).values(order_id=1)).rowcount == 6
        assert connection.execution_options(yield_per=2).execute(select(Item.id)).all()
    assert [span.attrs.get("rows") for span in queries(rec)] == [6, 4, 1, 6, 1, 6, 0, None, 6, 6]


def test_a_connection_from_before_the_probe_is_seen(engine):
    probe.remove()
    with engine.connect() as connection:
        probe.install()
        with Recording() as rec:
            connection.execute(text("SELECT 1"))
    assert rec.counts["query"] == 1


def test_a_lazy_load_has_the_line_of_the_attribute(engine):
    with Session(engine) as session:
        orders = session.scalars(select(Order).order_by(Order.id)).all()
        with Recording() as rec:
            for order in orders:
                at, _ = line(), order.items
    assert [span.site.line for span in queries(rec)] == [at] * 3
    assert len({span.path for span in queries(rec)}) == 1
    assert told(rec, "relation", "rows", "eager") == [{"relation": "Order.items", "rows": 2}] * 3


def test_lazy_loads_at_other_depths_have_their_own_lines(engine):
    def deeper(item, levels):
        return (item.order, line()) if levels == 0 else deeper(item, levels - 1)

    lines = []
    with Session(engine) as session, Recording() as rec:
        for number, levels in ((1, 0), (2, 3), (3, 0), (4, 30), (5, 1)):
            session.expunge_all()
            lines.append(deeper(session.get(Item, number), levels)[1])
            session.expunge_all()
            item = session.get(Item, number)
            lines += [line(), item.order and line()]
    loads = [span for span in queries(rec) if span.attrs.get("relation") == "Item.order"]
    assert [span.site.line for span in loads] == [at for at in lines[::3] for at in (at, lines[2])]
    assert [len(span.path) for span in loads[::2]] == [2, 5, 2, 12, 3]


def test_what_the_orm_says_of_its_queries(engine):
    with Session(engine) as session, Recording() as rec:
        order = session.scalars(select(Order).where(Order.id == 1)).one()
        assert order.items[0].order is order
        assert order.items[0].tags
        assert order.note
        session.commit()
        assert order.id
        session.refresh(order)
    assert told(rec, "relation", "target", "deferred", "refresh", "reload", "eager") == [
        {},
        {"relation": "Order.items", "target": "Item"},
        {"relation": "Item.tags", "target": "Tag"},
        {"deferred": "Order.note"},
        {"refresh": True},
        {"reload": "Order"},
    ]


@pytest.mark.parametrize(
    ("load", "expected"),
    [
        (selectinload, [{"relation": "Order.items", "eager": True, "rows": 6}]),
        (subqueryload, [{"relation": "Order.items", "eager": True, "rows": 6}]),
        (joinedload, []),
        (immediateload, [{"relation": "Order.items", "rows": 2}] * 3),
    ],
)
def test_relations_that_are_loaded_along(engine, load, expected):
    with Session(engine) as session, Recording() as rec:
        orders = session.scalars(select(Order).options(load(Order.items))).unique().all()
        assert [len(order.items) for order in orders] == [2, 2, 2]
    assert told(rec, "relation", "eager", "rows")[1:] == expected


def test_a_lazy_load_within_options(engine):
    with Session(engine) as session, Recording() as rec:
        (order,) = session.scalars(
            select(Order).where(Order.id == 1).options(lazyload(Order.items).selectinload(Item.tags))
        )
        assert len(order.items) == 2
    assert told(rec, "relation", "eager")[1:] == [
        {"relation": "Order.items"},
        {"relation": "Item.tags", "eager": True},
    ]


def test_a_flush_marks_all_it_does(engine):
    with Session(engine) as session, Recording() as rec:
        session.add(Order(id=9, items=[Item(id=90, tags=[Tag(id=900), Tag(id=901)])]))
        at, _ = line(), session.commit()
        session.execute(insert(Tag), [{"id": 1000}, {"id": 1001}])
    flushed, own = queries(rec)[:-1], queries(rec)[-1]
    assert [span.name.split()[2] for span in flushed] == ["orders", "tag", "item", "labels"]
    assert all(span.attrs["flush"] and span.site.line == at for span in flushed)
    assert [span.attrs.get("many") for span in flushed] == [None, 2, None, 2]
    assert len({span.attrs["flush"] for span in flushed}) == 1
    assert "flush" not in own.attrs


def test_a_flush_that_a_query_brings_about(engine):
    with Session(engine) as session, Recording() as rec:
        session.add(Tag(id=900))
        assert session.scalars(select(Tag)).all()
        session.add(Tag(id=901))
        session.flush()
        session.add(Tag(id=902))
        session.commit()
    inserts = [span for span in queries(rec) if span.name.startswith("INSERT")]
    assert [span.attrs.get("autoflush") for span in inserts] == [True, None, None]


def test_what_a_listener_asks_within_a_flush_is_the_programs(engine):
    def look(mapper, connection, tag):
        connection.scalar(select(Order.note).where(Order.id == 1))

    event.listen(Tag, "before_insert", look)
    try:
        with Session(engine) as session, Recording() as rec:
            session.add(Tag(id=900))
            session.commit()
    finally:
        event.remove(Tag, "before_insert", look)
    asked, written = queries(rec)
    assert "flush" not in asked.attrs
    assert "flush" in written.attrs


def test_a_relation_that_is_loaded_again(engine):
    with Session(engine) as session:
        order = session.get(Order, 1)
        with Recording() as rec:
            session.refresh(order, attribute_names=["items"])
            session.refresh(order, attribute_names=["note"])
    assert told(rec, "relation", "refresh", "reload") == [
        {"refresh": True},
        {"relation": "Order.items"},
        {"reload": "Order"},
    ]


def test_many_sets_of_parameters(engine):
    with engine.begin() as connection, Recording() as rec:
        connection.execute(insert(Tag), [{"id": number} for number in (100, 101, 102)])
        connection.execute(text("UPDATE tag SET id = id WHERE id = :id"), [{"id": 100}, {"id": 101}])
    assert told(rec, "many", "rows") == [{"many": 3, "rows": 3}, {"many": 2, "rows": 2}]


def test_an_insert_in_batches_is_a_query_a_batch(engine):
    with engine.begin() as connection, Recording() as rec:
        batched = connection.execution_options(insertmanyvalues_page_size=2)
        statement = insert(Tag).returning(Tag.id)
        rows, at = batched.execute(statement, [{"id": number} for number in range(10, 15)]).all(), line()
    assert len(rows) == 5
    assert told(rec, "many", "rows") == [{"many": n, "rows": n} for n in (2, 2, 1)]
    assert {span.site.line for span in queries(rec)} == {at}
    assert len({span.attrs["params"] for span in queries(rec)}) == 3


def test_a_batch_that_fails(engine):
    with engine.begin() as connection, Recording() as rec:
        batched = connection.execution_options(insertmanyvalues_page_size=2)
        with pytest.raises(exc.IntegrityError):
            batched.execute(insert(Tag).returning(Tag.id), [{"id": number} for number in (10, 11, 1)])
    assert [span.error for span in queries(rec)] == [None, "IntegrityError"]


def test_what_is_run_before_an_insert():
    engine = create_engine("sqlite://")
    default = Column("id", Integer, primary_key=True, default=select(literal(7)).scalar_subquery())
    table = Table("numbered", MetaData(), default, implicit_returning=False)
    with engine.begin() as connection:
        table.create(connection)
        with Recording() as rec:
            at, _ = line(), connection.execute(insert(table))
    assert [(span.name.split()[0], span.site.line) for span in queries(rec)] == [
        ("SELECT", at),
        ("INSERT", at),
    ]
    engine.dispose()


def test_transactions_are_no_queries(engine):
    with Recording() as rec:
        with engine.begin() as connection:
            begun = line() - 1
            connection.execute(text("SELECT 1"))
            with connection.begin_nested():
                connection.execute(text("SELECT 2"))
        with engine.connect() as connection:
            connection.execute(text("SELECT 3"))
    spans = [(span.kind, span.name.split()[0]) for span in rec.trace.spans]
    assert spans == [
        ("query", "SELECT"),
        ("transaction", "SAVEPOINT"),
        ("query", "SELECT"),
        ("transaction", "RELEASE"),
        ("transaction", "COMMIT"),
        ("query", "SELECT"),
        ("transaction", "ROLLBACK"),
    ]
    assert rec.trace.spans[4].site.line == begun


def test_autocommit_has_no_transaction(engine):
    with Recording() as rec, engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT 1"))
        connection.commit()
    assert [(span.kind, span.attrs.get("transaction")) for span in rec.trace.spans] == [("query", False)]


def test_an_error_is_noted_and_passes_untouched(engine):
    with engine.connect() as connection, Recording() as rec:
        with pytest.raises(exc.OperationalError, match="no such table"):
            connection.execute(text("SELECT * FROM nowhere"))
        with pytest.raises(exc.StatementError):
            connection.execute(text("SELECT :missing"), {"other": 1})
        connection.execute(text("SELECT 1"))
    assert [span.error for span in queries(rec)] == ["OperationalError", None]
    assert all(span.end_ns >= 0 for span in rec.trace.spans)


def test_listeners_of_the_program_go_on(engine):
    def comment(connection, cursor, statement, parameters, context, executemany):
        return f"{statement} -- said", parameters

    seen = []
    event.listen(engine, "before_cursor_execute", comment, retval=True)
    event.listen(engine, "after_cursor_execute", lambda *args: seen.append(args[2]))
    with engine.connect() as connection, Recording() as rec:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    assert seen == ["SELECT 1 -- said"]
    assert rec.counts["query"] == 1


def test_connections_are_numbered_and_a_new_one_is_a_span(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/shop.db", poolclass=NullPool)
    with Recording() as rec:
        for _ in range(2):
            with engine.connect() as connection:
                connection.execute(text("SELECT 1")).all()
                connection.execute(text("SELECT 2")).all()
    numbers = [span.attrs["connection"] for span in queries(rec)]
    assert numbers[0] == numbers[1] != numbers[2] == numbers[3]
    connects = rec.trace.of_kind("connect")
    assert [(span.attrs["system"], span.attrs["database"]) for span in connects] == [
        ("sqlite", "shop.db")
    ] * 2
    assert {span.site.file for span in connects} == {HERE}


def test_a_connection_that_cannot_be_made():
    engine = create_engine("postgresql+psycopg://me:s3cr3t@127.0.0.1:1/shop")
    with Recording() as rec, pytest.raises(exc.OperationalError):
        engine.connect()
    (connect,) = rec.trace.spans
    assert (connect.kind, connect.error) == ("connect", "OperationalError")
    assert (connect.attrs["system"], connect.attrs["host"]) == ("postgresql", "127.0.0.1:1")
    assert "s3cr3t" not in repr(rec.trace)


def test_waiting_for_a_connection_of_the_pool():
    engine = create_engine(
        "sqlite://", creator=_memory, poolclass=QueuePool, pool_size=1, max_overflow=1, pool_timeout=0.01
    )
    with Recording() as rec:
        held = [engine.connect(), engine.connect()]
        with pytest.raises(exc.TimeoutError):
            engine.connect()
        held.pop().close()
        engine.connect().close()
        held.pop().close()
    assert [span.kind for span in rec.trace.spans] == ["connect", "connect", "wait"]
    wait = rec.trace.spans[-1]
    assert (wait.name, wait.error, wait.attrs["size"]) == ("connection pool", "TimeoutError", 2)
    engine.dispose()


def test_the_driver_below_does_not_count_again():
    driver_probe.install()
    try:
        with Recording() as rec:
            engine = create_engine("sqlite://")
            with engine.begin() as connection:
                connection.execute(text("SELECT 1")).all()
            engine.dispose()
    finally:
        driver_probe.remove()
    assert [span.kind for span in rec.trace.spans] == ["connect", "query", "transaction"]
    assert {span.attrs["library"] for span in rec.trace.spans} == {"sqlalchemy"}


def test_nothing_is_kept_where_nothing_is_recorded(engine):
    with Session(engine) as session:
        item = session.get(Item, 1)
        with Recording() as rec:
            pass
        assert item.order.id == 2
    assert rec.trace.spans == []


def test_removing_puts_back_the_very_same_objects():
    probe.remove()
    owners = (Connection, CursorResult, Engine, Session, QueuePool)
    before = [dict(vars(owner)) for owner in owners]
    probe.install()
    probe.install()
    assert [dict(vars(owner)) for owner in owners] != before
    probe.remove()
    probe.remove()
    assert [dict(vars(owner)) for owner in owners] == before


def test_the_orm_may_be_imported_later():
    script = textwrap.dedent(
        """
        import sys
        import sqlalchemy
        from perfkit.probes import sqlalchemy as probe
        probe.install()
        assert "sqlalchemy.orm" not in sys.modules
        from sqlalchemy.orm import Session
        assert Session._flush.__code__.co_filename == probe.__file__
        probe.remove()
        assert Session._flush.__code__.co_filename != probe.__file__
        """
    )
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


# Servers and asyncio


def url_of(dialect):
    """A URL with a password that the server does not check."""
    if dialect.startswith("postgresql"):
        return f"{dialect}://{postgres().partition('://')[2]}"
    if dialect.startswith("sqlite"):
        return f"{dialect}://"
    return f"{dialect}://root:s3cr3t-password@{mariadb()}/test"


@pytest.fixture
def server_engine(request):
    made = create_engine(url_of(request.param))
    Base.metadata.drop_all(made)
    Base.metadata.create_all(made)
    made.dispose()
    yield made
    Base.metadata.drop_all(made)
    made.dispose()


SERVERS = ("postgresql+psycopg", "mysql+pymysql", "mariadb+pymysql")


@pytest.mark.parametrize("server_engine", SERVERS, indirect=True)
def test_a_server(server_engine):
    with Recording() as rec, Session(server_engine) as session:
        fill(session)
        session.commit()
        for order in session.scalars(select(Order).order_by(Order.id)):
            at, _ = line(), order.items
    url = server_engine.url
    (connect,) = rec.trace.of_kind("connect")
    for span in (connect, *queries(rec)):
        assert span.attrs["system"] == url.get_backend_name()
        assert span.attrs["host"] == f"{url.host}:{url.port}"
        assert span.attrs["database"] == url.database
    assert "s3cr3t" not in repr(rec.trace)
    inserts = [span for span in queries(rec) if span.name.startswith("INSERT")]
    assert [span.attrs["many"] for span in inserts] == [3, 6, 6, 6]
    assert all(span.attrs["flush"] and span.attrs["transaction"] for span in inserts)
    loads = [span for span in queries(rec) if "relation" in span.attrs]
    assert [(span.attrs["rows"], span.site.line) for span in loads] == [(2, at)] * 3
    assert [span.name for span in rec.trace.of_kind("transaction")] == ["COMMIT", "ROLLBACK"]


@pytest.mark.parametrize("server_engine", SERVERS, indirect=True)
def test_what_a_driver_asks_its_server_for_is_part_of_the_connect(server_engine):
    engine = create_engine(server_engine.url)
    with Recording() as rec:
        engine.connect().close()
    engine.dispose()
    assert [span.kind for span in rec.trace.spans] == ["connect"]


ASYNC = ("sqlite+aiosqlite", "postgresql+asyncpg", "postgresql+psycopg", "mysql+aiomysql")


def run(dialect, main):
    """Run ``main(engine)`` with the tables there and filled; both come and go outside of its recording."""

    async def whole():
        engine = create_async_engine(url_of(dialect))
        try:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
                await connection.run_sync(Base.metadata.create_all)
            async with AsyncSession(engine) as session:
                fill(session)
                await session.commit()
            await main(engine)
        finally:
            async with engine.begin() as connection:
                await connection.run_sync(Base.metadata.drop_all)
            await engine.dispose()

    asyncio.run(whole())


@pytest.mark.parametrize("dialect", ASYNC)
def test_asyncio_has_the_line_of_the_await(dialect):
    async def main(engine):
        lines = []
        async with AsyncSession(engine) as session:
            with Recording() as rec:
                orders = await session.scalars(select(Order).order_by(Order.id))
                lines.append(line() - 1)
                for order in orders:
                    items = await order.awaitable_attrs.items
                    lines.append(line() - 1)
                    assert len(items) == 2
                await session.run_sync(lambda session: items[0].tags)
                lines.append(line() - 1)
                await session.execute(text("SELECT 1"))
                lines.append(line() - 1)
        assert [span.site.line for span in queries(rec)] == lines
        assert [span.path[0].function.rpartition(".")[2] for span in queries(rec)] == [
            *["main"] * 4,
            "<lambda>",
            "main",
        ]
        assert told(rec, "relation", "rows") == [
            {"rows": 3},
            *[{"relation": "Order.items", "rows": 2}] * 3,
            {"relation": "Item.tags", "rows": 1},
            told(rec, "rows")[-1],
        ]

    run(dialect, main)


@pytest.mark.parametrize("dialect", ASYNC[1:])
def test_tasks_side_by_side(dialect):
    async def load(engine, number):
        with perfkit.span(f"task {number}"):
            async with AsyncSession(engine) as session:
                item = await session.get(Item, number)
                return await item.awaitable_attrs.order

    async def main(engine):
        with Recording() as rec:
            await asyncio.gather(*(load(engine, number) for number in (1, 2, 3)))
        spans = {span.id: span for span in rec.trace.spans}
        tasks = {span.id for span in spans.values() if span.kind == "span"}
        assert len(tasks) == 3
        own = [span for span in queries(rec) if span.parent in tasks]
        assert sorted(spans[span.parent].name for span in own) == [f"task {n}" for n in (1, 1, 2, 2, 3, 3)]
        assert all(span.task == spans[span.parent].task for span in own)
        assert all(span.error is None and span.end_ns >= span.start_ns for span in spans.values())

    run(dialect, main)


def test_a_cancelled_query_ends_with_its_task():
    async def main(engine):
        with Recording() as rec:
            async with engine.connect() as connection:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await connection.execute(text("SELECT pg_sleep(20)"))
        (found,) = [span for span in queries(rec) if "pg_sleep" in span.name]
        assert found.error == "CancelledError"
        assert found.duration_ns < 10e9

    run("postgresql+asyncpg", main)


@pytest.mark.parametrize("dialect", ASYNC[1:])
def test_rows_of_a_stream(dialect):
    async def main(engine):
        async with engine.connect() as connection:
            with Recording() as rec:
                seen = [row.id async for row in await connection.stream(select(Item.id))]
        assert len(seen) == 6
        assert told(rec, "rows") == [{"rows": 6}]

    run(dialect, main)


def test_columns_of_a_subclass_that_are_loaded_late_name_the_class_to_ask_for():
    class Own(DeclarativeBase):
        pass

    class Animal(Own):
        __tablename__ = "animal"
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str] = mapped_column(String(9))
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}  # noqa: RUF012

    class Dog(Animal):
        __tablename__ = "dog"
        id: Mapped[int] = mapped_column(ForeignKey("animal.id"), primary_key=True)
        tricks: Mapped[str] = mapped_column(String(9))
        __mapper_args__ = {"polymorphic_identity": "dog"}  # noqa: RUF012

    engine = create_engine("sqlite://")
    Own.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Dog(tricks="sit"), Dog(tricks="roll"), Dog(tricks="beg")])
        session.commit()
    with perfkit.record() as rec, Session(engine) as session:
        dogs = session.scalars(select(Animal)).all()
        assert [dog.tricks for dog in dogs] == ["sit", "roll", "beg"]
        session.commit()
        assert dogs[0].tricks == "sit"
    told_by = told(rec, "deferred", "subclass_of", "refresh")
    assert told_by == [{}, *[{"deferred": "Dog.tricks", "subclass_of": "Animal"}] * 3, {"refresh": True}]
    (finding,) = rec.findings()
    assert "select(Animal).options(selectin_polymorphic(Animal, [Dog]))" in finding.fix
    engine.dispose()
