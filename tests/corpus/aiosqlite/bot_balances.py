"""A chat bot that answers with balances: a query per account, its number written into the statement."""

import aiosqlite

MENTIONED = "balance of @2, @3, @5 and @6 please"


class Bot:
    def __init__(self, db):
        self.db = db

    async def balance(self, account):
        rows = await self.db.execute_fetchall(
            f"SELECT sum(amount) FROM ledger WHERE account_id = {int(account)} AND currency IN ('USD', 'GBP')"
        )
        return next(iter(rows))[0]

    async def answer(self, message):
        accounts = [word[1:].strip(",") for word in message.split() if word.startswith("@")]
        balances = {account: await self.balance(account) for account in accounts}  # expect: PK101
        return ", ".join(f"{account}: {cents / 100}" for account, cents in balances.items())


async def main(world):
    async with aiosqlite.connect(world.path) as db:
        assert (await Bot(db).answer(MENTIONED)).count(":") == 4
