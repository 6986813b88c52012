"""Books an amount. Right: a transaction that cannot be serialized is tried again as a whole."""

import psycopg
from psycopg import IsolationLevel


def book(conn, account_id, amount, meddle):
    for attempt in range(1, 6):
        try:
            with conn.transaction():
                (balance,) = conn.execute(
                    "SELECT sum(amount) FROM ledger WHERE account_id = %s", (account_id,)
                ).fetchone()
                meddle(attempt)
                conn.execute(
                    "UPDATE ledger SET amount = %s WHERE account_id = %s AND currency = 'USD'",
                    (balance - amount, account_id),
                )
            return attempt
        except psycopg.errors.SerializationFailure:
            continue
    raise TimeoutError(account_id)


def main(world):
    world.conn.isolation_level = IsolationLevel.REPEATABLE_READ
    with psycopg.connect(world.dsn, autocommit=True) as other:
        other.execute("CREATE FUNCTION touch() RETURNS void LANGUAGE sql AS 'UPDATE ledger SET day = day'")

        def meddle(attempt):
            if attempt == 1:
                other.execute("SELECT touch()")
            elif attempt < 4:
                other.execute("UPDATE ledger SET currency = currency WHERE account_id = 3")

        assert book(world.conn, 3, 500, meddle) == 4
