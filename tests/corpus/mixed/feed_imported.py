"""Reads a listing over HTTP and stores each item with a statement of its own."""

import sqlite3

import httpx


def pages(client):
    page = 1
    while True:
        body = client.get("/items", params={"page": page, "per_page": 20}).json()
        yield from body["data"]
        if not body["has_more"]:
            return
        page += 1


def store(database, item):
    row = (item["id"], item["sku"], item["price"])
    database.execute("INSERT OR REPLACE INTO items (id, sku, price) VALUES (?, ?, ?)", row)


def main(world):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, sku TEXT, price REAL)")
    with httpx.Client(base_url=world.url, verify=world.tls) as client, database:
        for item in pages(client):
            store(database, item)  # expect: PK105
    assert database.execute("SELECT count(*) FROM items").fetchone() == (60,)
    database.close()
