"""Whether everything in a basket can be delivered: asks for each article by itself."""

BASKET = {"SKU-0002": 1, "SKU-0005": 2, "SKU-0009": 1, "SKU-0011": 4, "SKU-0016": 1}


class Warehouse:
    def __init__(self, conn):
        self.conn = conn

    def has(self, sku, qty):
        (found,) = self.conn.execute(
            "SELECT EXISTS (SELECT 1 FROM products WHERE sku = ? AND stock >= ?)", (sku, qty)
        ).fetchone()
        return bool(found)


def can_deliver(warehouse, basket):
    return all(warehouse.has(sku, qty) for sku, qty in basket.items())  # expect: PK101


def missing(warehouse, basket):
    return len(basket) - sum(
        warehouse.has(sku, qty)  # expect: PK101
        for sku, qty in basket.items()
    )


def main(world):
    warehouse = Warehouse(world.conn)
    return can_deliver(warehouse, BASKET), missing(warehouse, BASKET)
