"""Reads prices with Core: the statement is text and runs once per article, through a decorated function."""

import time
from functools import wraps

from sqlalchemy import text

PRICE = text("SELECT price FROM products WHERE sku = :sku")


def timed(function):
    spent = []

    @wraps(function)
    def wrapper(*args, **options):
        started = time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            spent.append(time.perf_counter() - started)

    wrapper.spent = spent
    return wrapper


@timed
def price_of(conn, sku):
    return conn.execute(PRICE, {"sku": sku}).scalar_one()


def offer(engine, skus):
    with engine.connect() as conn:
        lines = []
        for sku in skus:
            lines.append((sku, price_of(conn, sku)))  # expect: PK101  # noqa: PERF401
        return lines


def main(world):
    assert dict(offer(world.engine, [f"SKU-{n:04}" for n in (1, 4, 9, 16)]))["SKU-0004"] == 400
