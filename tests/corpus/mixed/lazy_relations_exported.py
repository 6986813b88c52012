"""Exports orders of an ORM to a service: the customer of each is loaded when it is read."""

import requests
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


def document(orders):
    for order in orders:
        yield {"order": order.id, "customer": order.customer.name}  # expect: PK101


def main(world):
    engine = create_engine(world.dsn.replace("postgresql:", "postgresql+psycopg:"))
    with Session(engine) as session:
        orders = session.scalars(select(Order).order_by(Order.id).limit(12))
        answer = requests.post(f"{world.url}/logs", json=list(document(orders)), timeout=5).json()
    engine.dispose()
    assert answer["accepted"] == 12
