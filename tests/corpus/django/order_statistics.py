"""Statistics of customers: counts the orders of each, and says so in a table."""

from tests.corpus.django._world import shop


def table():
    rows = [("customer", "orders")]
    for customer in shop.Customer.objects.order_by("name"):
        count = (
            shop.Order.objects.filter(customer=customer)
            .exclude(status__in=["sent", "lost"])
            .count()  # expect: PK101
        )
        rows.append((customer.name, str(count)))
    return "\n".join("\t".join(row) for row in rows)


def main(world):
    assert table().count("\n") == 20
