"""An overview of customers with Core: the number of orders and then the largest one, for each of them."""

from sqlalchemy import func, select

from tests.corpus._shop_models import Customer, Order


class Overview:
    def __init__(self, conn):
        self.conn = conn

    def orders(self, customer_id):
        return self.conn.scalar(
            select(func.count()).select_from(Order).where(Order.customer_id == customer_id)
        )

    def items(self, customer_id):
        statement = select(Order.id, Order.cents).where(Order.customer_id == customer_id)
        return self.conn.execute(statement.order_by(Order.cents.desc()).limit(1)).first()

    def lines(self):
        for customer in self.conn.execute(select(Customer.id, Customer.name)).all():
            count = self.orders(customer.id)  # expect: PK106
            largest = self.items(customer.id)
            yield f"{customer.name}: {count} orders, largest {largest and largest.cents}"


def main(world):
    with world.engine.connect() as conn:
        assert len(list(Overview(conn).lines())) == 20
