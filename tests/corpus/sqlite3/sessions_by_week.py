"""Copies events week by week into another table. Right: each query takes a range of days, not an item."""

from datetime import date, timedelta


def weeks(first, last):
    while first <= last:
        yield first.isoformat(), (first + timedelta(days=6)).isoformat()
        first += timedelta(days=7)


def buyers(conn, first, last):
    for start, end in weeks(first, last):
        yield from conn.execute(
            "SELECT day, user_id FROM events WHERE kind = 'buy' AND day BETWEEN ? AND ? ORDER BY day",
            (start, end),
        )


def main(world):
    days = [row["day"] for row in buyers(world.conn, date(2024, 1, 1), date(2024, 2, 28))]
    assert days == sorted(days)
    assert days
