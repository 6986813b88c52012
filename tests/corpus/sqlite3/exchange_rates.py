"""Books foreign amounts in euro: the rate of each entry's currency and day, a query for each pair."""


def rate_of(conn, currency, day):
    statement = "SELECT rate FROM rates WHERE currency = ? AND day <= ? ORDER BY day DESC LIMIT 1"
    row = conn.execute(statement, (currency, day)).fetchone()
    return row["rate"]


def amount_of(conn, entry):
    return entry["amount"] * rate_of(conn, entry["currency"], entry["day"]) // 100


def in_euro(conn, entries):
    amounts = map(lambda entry: amount_of(conn, entry), entries)  # expect: PK101  # noqa: C417
    return list(amounts)


def main(world):
    entries = world.conn.execute(
        "SELECT currency, day, amount FROM ledger WHERE account_id = 3 ORDER BY id"
    ).fetchall()
    assert len(entries) >= 5
    return sum(in_euro(world.conn, entries))
