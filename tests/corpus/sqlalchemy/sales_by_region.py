"""Sales per region. Right: grouped by the database; the regions' names are matched in memory."""

from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Customer, Order, Region


def sales(session):
    statement = (
        select(Customer.region_id, func.sum(Order.cents)).join(Order.customer).group_by(Customer.region_id)
    )
    names = {row.id: row.name for row in session.execute(select(Region.id, Region.name))}
    return {names[region_id]: cents for region_id, cents in session.execute(statement)}


def by_state(session):
    orders = session.scalars(select(Order).order_by(Order.status)).all()
    return {state: [order.id for order in group] for state, group in groupby(orders, lambda o: o.status)}


def main(world):
    with Session(world.engine) as session:
        assert len(sales(session)) == 4
        assert len(by_state(session)) == 3
