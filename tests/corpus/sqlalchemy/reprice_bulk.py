"""New prices for products. Right: a bulk UPDATE by key with a list of rows, which is one executemany."""

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from tests.corpus._shop_models import Product


def reprice(session, factor):
    rows = session.execute(select(Product.id, Product.price)).all()
    session.execute(update(Product), [{"id": row.id, "price": round(row.price * factor)} for row in rows])
    session.commit()


def relabel(engine, labels):
    table = Product.__table__
    statement = update(table).where(table.c.sku == bindparam("old")).values(sku=bindparam("new"))
    with engine.begin() as conn:
        conn.execute(statement, [{"old": old, "new": new} for old, new in labels.items()])


def main(world):
    with Session(world.engine) as session:
        reprice(session, 1.05)
    relabel(world.engine, {f"SKU-{n:04}": f"P-{n}" for n in range(1, 25)})
