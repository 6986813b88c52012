"""A listener looks up a region for each customer that is written: the flush loops, but the query is ours."""

from sqlalchemy import event, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Region


def complete(mapper, connection, customer):
    wanted = select(Region.id).where(Region.name == customer.name.partition(" ")[2])
    number = connection.scalar(wanted)  # expect: PK101
    customer.region_id = number


def main(world):
    event.listen(Customer, "before_insert", complete)
    try:
        with Session(world.engine) as session:
            session.add_all(Customer(name=f"Ann Region {n}", email=f"{n}@shop.test") for n in range(8))
            session.commit()
    finally:
        event.remove(Customer, "before_insert", complete)
