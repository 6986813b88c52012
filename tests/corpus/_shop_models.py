"""Mapped classes of a shop, for the programs of SQLAlchemy, and their rows."""

from typing import ClassVar

from sqlalchemy import Column, ForeignKey, Table, create_engine, insert
from sqlalchemy.ext.asyncio import AsyncAttrs
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(AsyncAttrs, DeclarativeBase):
    pass


product_tags = Table(
    "product_tags",
    Base.metadata,
    Column("product_id", ForeignKey("products.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Region(Base):
    __tablename__ = "regions"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id"))
    region: Mapped[Region | None] = relationship()
    orders: Mapped[list["Order"]] = relationship(back_populates="customer")
    profile: Mapped["Profile | None"] = relationship(back_populates="customer")


class Profile(Base):
    __tablename__ = "profiles"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    newsletter: Mapped[bool]
    customer: Mapped[Customer] = relationship(back_populates="profile")


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    status: Mapped[str]
    cents: Mapped[int]
    customer: Mapped[Customer] = relationship(back_populates="orders")
    items: Mapped[list["Item"]] = relationship(back_populates="order")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    qty: Mapped[int]
    order: Mapped[Order] = relationship(back_populates="items")
    product: Mapped["Product"] = relationship()


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    sku: Mapped[str]
    price: Mapped[int]
    description: Mapped[str] = mapped_column(deferred=True)
    tags: Mapped[list["Tag"]] = relationship(secondary=product_tags)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(unique=True)


class Category(Base):
    __tablename__ = "categories"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))
    children: Mapped[list["Category"]] = relationship()


class Person(Base):
    __tablename__ = "people"
    __mapper_args__: ClassVar = {"polymorphic_on": "kind", "polymorphic_identity": "person"}
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]


class Engineer(Person):
    __tablename__ = "engineers"
    __mapper_args__: ClassVar = {"polymorphic_identity": "engineer"}
    id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    language: Mapped[str]


class Sensor(Base):
    __tablename__ = "sensors"
    id: Mapped[int] = mapped_column(primary_key=True)
    site: Mapped[str]
    readings: Mapped[list["Reading"]] = relationship(back_populates="sensor")


class Reading(Base):
    __tablename__ = "readings"
    sensor_id: Mapped[int] = mapped_column(ForeignKey("sensors.id"), primary_key=True)
    hour: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]
    sensor: Mapped[Sensor] = relationship(back_populates="readings")


class Setting(Base):
    __tablename__ = "settings"
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class Document(Base):
    __tablename__ = "documents"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    state: Mapped[str]
    version: Mapped[int] = mapped_column()
    __mapper_args__: ClassVar = {"version_id_col": version}


def _numbered(count, **columns):
    return [{"id": n, **{name: make(n) for name, make in columns.items()}} for n in range(1, count + 1)]


_WORDS = ("red", "green", "blue", "large", "small", "sale")


def _rows():
    yield Region, _numbered(4, name=lambda n: f"region {n}")
    yield (
        Customer,
        _numbered(
            20,
            name=lambda n: f"customer {n}",
            email=lambda n: f"c{n}@shop.test",
            region_id=lambda n: n % 4 + 1,
        ),
    )
    yield Profile, _numbered(12, customer_id=lambda n: n, newsletter=lambda n: n % 2 == 0)
    states = ("new", "open", "sent")
    yield (
        Order,
        _numbered(
            30, customer_id=lambda n: n * 7 % 20 + 1, status=lambda n: states[n % 3], cents=lambda n: n * 500
        ),
    )
    yield (
        Product,
        _numbered(
            24,
            sku=lambda n: f"SKU-{n:04}",
            price=lambda n: n * 100,
            description=lambda n: f"about product {n}",
        ),
    )
    yield (
        Item,
        _numbered(
            60, order_id=lambda n: (n - 1) % 30 + 1, product_id=lambda n: n * 11 % 24 + 1, qty=lambda n: n % 5
        ),
    )
    yield Tag, _numbered(len(_WORDS), word=lambda n: _WORDS[n - 1])
    yield product_tags, [{"product_id": n, "tag_id": t} for n in range(1, 25) for t in {n % 6 + 1, n % 4 + 1}]
    yield Category, _numbered(13, name=lambda n: f"category {n}", parent_id=lambda n: (n + 1) // 3 or None)
    yield Person.__table__, _numbered(12, kind=lambda n: "engineer", name=lambda n: f"person {n}")
    yield Engineer.__table__, _numbered(12, language=lambda n: ("python", "rust")[n % 2])
    yield Sensor, _numbered(1200, site=lambda n: f"site {n % 8}")
    yield Reading, [{"sensor_id": s, "hour": h, "value": s * h % 37} for s in range(1, 101) for h in range(3)]
    yield Setting, [{"key": "vat", "value": "19"}, {"key": "currency", "value": "EUR"}]
    yield Document, _numbered(8, title=lambda n: f"paper {n}", state=lambda n: "draft", version=lambda n: 1)


def fill(url):
    """Make the tables and their rows in an empty database."""
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    with engine.begin() as conn:
        for target, rows in _rows():
            conn.execute(insert(target), rows)
    engine.dispose()
