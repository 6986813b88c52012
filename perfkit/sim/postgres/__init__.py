"""PostgreSQL in virtual time: a real server answers, the model says how long that took.

    network = Network()
    network.connect_host("db.test", Link(rtt_ns=20_000_000))

    async def main():
        async with serve_postgres("db.test", 5432, server="postgresql://postgres@127.0.0.1:5433") as gate:
            connection = await asyncpg.connect("postgresql://postgres@db.test/shop")
            await connection.fetch("SELECT ...")          # the server's own rows, 20 ms and its service later

    run(main, network=network)

asyncpg and psycopg (sync and async) run unmodified. ``gate`` has the details, and what is not modelled.
"""

from perfkit.sim.postgres.costs import Costs
from perfkit.sim.postgres.gate import Gate, serve_postgres

__all__ = ["Costs", "Gate", "serve_postgres"]
