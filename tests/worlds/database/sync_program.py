"""Threads with blocking drivers in virtual time; run as a process of its own. Prints one line of JSON."""

from perfkit.sim import prepare

prepare()

import json  # noqa: E402 - gevent's patches come first
import sys  # noqa: E402
import time  # noqa: E402
from concurrent.futures import ThreadPoolExecutor  # noqa: E402

import perfkit  # noqa: E402
from perfkit.sim import Network, run_sync  # noqa: E402
from perfkit.worlds.database import Postgres, Sqlite  # noqa: E402
from tests.worlds.database.data import load  # noqa: E402


def ask(access, first):
    """Three queries on a connection of their own, and how long they took."""
    options = {"autocommit": True} if access.dialect == "postgresql" else {}
    connection = access.connect(**options)
    start_ns = time.perf_counter_ns()
    rows = [
        connection.execute(f"SELECT name FROM jobs WHERE id = {number}").fetchone()[0]
        for number in range(first, first + 3)
    ]
    took_ns = time.perf_counter_ns() - start_ns
    connection.close()
    return rows, took_ns


def measure(world):
    network = Network()

    def main(running):
        access = world.access(running.addresses, 100, 1, "virtual")
        with perfkit.record(hosts=world.host_facts(running.addresses)) as rec, ThreadPoolExecutor(5) as pool:
            answers = list(pool.map(lambda number: ask(access, number), range(5)))
        rules = sorted({found.rule for found in rec.findings()})
        return [rows for rows, _ in answers], {took for _, took in answers}, rules

    def started():
        return world.start(100, 1, network)

    return run_sync(main, network=network, world=started)


if __name__ == "__main__":
    rows, took, rules = measure({"sqlite": Sqlite, "postgres": Postgres}[sys.argv[1]](load, rtt_ms=10))
    sys.stdout.write(json.dumps([rows[4], sorted(took), rules]) + "\n")
