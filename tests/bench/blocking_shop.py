"""Strategies that are no coroutines, for tests: with threads, a database, and some that go wrong."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import perfkit
from perfkit.worlds import Together, http
from perfkit.worlds.database import Dataset, Sqlite, Table

RTT_MS = 20.0
orders = http(rtt_ms=RTT_MS)


@orders.get("/orders/{id}")
def order(request):
    return int(request.path["id"]) * 7


def load(size, seed):
    columns = {"id": "bigint PRIMARY KEY", "price": "bigint NOT NULL"}
    return Dataset([Table("orders", columns, lambda: [(number, number * 7) for number in range(size)])])


blocking = perfkit.Scenario("blocking", sizes=(10,), unit="orders", world=orders)
rows = perfkit.Scenario(
    "rows", sizes=(10,), unit="orders", world=Together(database=Sqlite(load, rtt_ms=RTT_MS), web=orders)
)


@blocking.strategy(baseline=True)
def serial(world, size):
    import requests

    with requests.Session() as session:
        return [session.get(f"{world.url}orders/{number}").json() for number in range(size)]


@blocking.strategy
def threads(world, size):
    import requests

    with ThreadPoolExecutor(5) as pool, requests.Session() as session:
        return list(pool.map(lambda n: session.get(f"{world.url}orders/{n}").json(), range(size)))


@blocking.strategy
def sleeps(world, size):
    time.sleep(0.5)
    return [number * 7 for number in range(size)]


@blocking.strategy
def locks_itself_out(world, size):
    lock = threading.Lock()
    with lock:
        lock.acquire()


@blocking.strategy
def raises(world, size):
    raise ValueError("no such order")


@blocking.strategy
async def asynchronous(world, size):
    return [number * 7 for number in range(size)]


@rows.strategy(baseline=True)
def one_by_one(world, size):
    with closing(world["database"].connect()) as db:
        return [db.execute("SELECT price FROM orders WHERE id = ?", (n,)).fetchone()[0] for n in range(size)]


@rows.strategy(builds_on="one_by_one", fixes="PK101")
def at_once(world, size):
    with closing(world["database"].connect()) as db:
        marks = ", ".join("?" * size)
        found = db.execute(f"SELECT price FROM orders WHERE id IN ({marks}) ORDER BY id", list(range(size)))
        return [row[0] for row in found]
