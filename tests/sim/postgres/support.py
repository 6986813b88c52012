"""What the tests of the simulated PostgreSQL share: a simulation with one, and the cost of nothing."""

import asyncio

from perfkit.sim import Link, Network, run
from perfkit.sim.postgres import Costs, serve_postgres
from tests.postgres import postgres

MS = 1_000_000
RTT_NS = 20 * MS
LINK = Link(rtt_ns=RTT_NS)
HOST = "db.test"
URL = f"postgresql://postgres@{HOST}:5432/postgres"
FREE = Costs(
    connect_ns=0,
    parse_ns=0,
    statement_ns=0,
    row_read_ns=0,
    row_returned_ns=0,
    row_written_ns=0,
    commit_ns=0,
)
"""Only the network takes time."""


def simulate(main, costs=FREE, link=LINK, server=None, limit_ns=None):
    """Run ``main(gate)`` beside a simulated PostgreSQL at ``URL``."""
    server = server or postgres()  # a simulation has no ports of its own
    network = Network()
    network.connect_host(HOST, link)

    async def everything():
        async with serve_postgres(HOST, 5432, server=server, costs=costs) as gate:
            return await main(gate)

    return run(everything, network=network, limit_ns=limit_ns)


def now_ns():
    return asyncio.get_running_loop().now_ns


class Watch:
    """Round trips since the last look; exact, or the test fails."""

    def __init__(self):
        self.since = now_ns()

    def trips(self):
        took, self.since = now_ns() - self.since, now_ns()
        trips, rest = divmod(took, RTT_NS)
        assert rest == 0, f"{took} ns is not a whole number of round trips"
        return trips
