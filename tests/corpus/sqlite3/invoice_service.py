"""Invoices with their lines: one query per order, its key written into the statement, by a shared helper."""


class Store:
    def __init__(self, conn):
        self._conn = conn

    def rows(self, statement):
        """Everything in this application goes through here."""
        return [dict(row) for row in self._conn.execute(statement)]

    def orders_of(self, customer_id):
        return self.rows(f"SELECT id, placed_on FROM orders WHERE customer_id = {customer_id} ORDER BY id")

    def lines_of(self, order_id):
        return self.rows(f"SELECT product_id, qty FROM items WHERE order_id = {order_id} ORDER BY id")


class InvoiceService:
    def __init__(self, store):
        self.store = store

    def invoice(self, order):
        lines = self.store.lines_of(order["id"])
        return {"number": f"R-{order['id']:05}", "placed": order["placed_on"], "lines": lines}

    def invoices(self, status):
        chosen = self.store.rows(f"SELECT id, placed_on FROM orders WHERE status = '{status}'")
        invoices = []
        for order in chosen:
            invoices.append(self.invoice(order))  # expect: PK101  # noqa: PERF401
        return invoices


def main(world):
    service = InvoiceService(Store(world.conn))
    assert service.store.orders_of(3)
    return service.invoices("sent")
