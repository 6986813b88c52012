"""The PostgreSQL database of the asyncpg and mixed programs: a shop's tables, filled anew each time."""

import contextlib
from functools import cache

import psycopg

from tests.postgres import postgres

NAME = "corpus_shop"

SCHEMA = """
CREATE TABLE customers (id int PRIMARY KEY, name text, email text UNIQUE, city text, company_id int);
CREATE TABLE companies (id int PRIMARY KEY, name text, country text);
CREATE TABLE products (sku text PRIMARY KEY, name text, price numeric(10, 2), stock int);
CREATE TABLE orders (id serial PRIMARY KEY, customer_id int, status text, total numeric(10, 2), note text);
CREATE TABLE lines (id serial PRIMARY KEY, order_id int, sku text, quantity int);
CREATE TABLE jobs (id serial PRIMARY KEY, kind text, state text DEFAULT 'new', result text);
CREATE TABLE readings (sensor int, taken_at int, value float8, PRIMARY KEY (sensor, taken_at));
CREATE TABLE events (id serial PRIMARY KEY, kind text, payload jsonb);
CREATE TABLE settings (key text PRIMARY KEY, value text);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON lines (order_id);
CREATE SCHEMA acme CREATE TABLE invoices (id int PRIMARY KEY, amount numeric);
CREATE SCHEMA globex CREATE TABLE invoices (id int PRIMARY KEY, amount numeric);
CREATE SCHEMA initech CREATE TABLE invoices (id int PRIMARY KEY, amount numeric);
"""

ROWS = """
TRUNCATE customers, companies, products, orders, lines, jobs, readings, events, settings,
    acme.invoices, globex.invoices, initech.invoices RESTART IDENTITY;
INSERT INTO customers SELECT n, 'Customer ' || n, 'c' || n || '@example.com', 'Riga', n % 5 + 1
    FROM generate_series(1, 40) n;
INSERT INTO companies SELECT n, 'Company ' || n, 'LV' FROM generate_series(1, 5) n;
INSERT INTO products SELECT 'SKU-' || n, 'Product ' || n, n, 10 * n FROM generate_series(1, 30) n;
INSERT INTO orders (customer_id, status, total)
    SELECT n % 40 + 1, CASE WHEN n % 4 = 0 THEN 'paid' ELSE 'open' END, n FROM generate_series(1, 80) n;
INSERT INTO lines (order_id, sku, quantity)
    SELECT n % 80 + 1, 'SKU-' || (n % 30 + 1), 2 FROM generate_series(1, 160) n;
INSERT INTO jobs (kind) SELECT 'mail' FROM generate_series(1, 6) n;
INSERT INTO readings SELECT n % 4, n, n / 2.0 FROM generate_series(1, 60) n;
INSERT INTO events (kind, payload) SELECT 'login', '{"ok": true}' FROM generate_series(1, 45) n;
INSERT INTO settings VALUES ('currency', 'EUR'), ('locale', 'lv'), ('tax', '0.21');
INSERT INTO acme.invoices SELECT n, n FROM generate_series(1, 5) n;
INSERT INTO globex.invoices SELECT n, n FROM generate_series(1, 5) n;
INSERT INTO initech.invoices SELECT n, n FROM generate_series(1, 5) n;
"""


@contextlib.contextmanager
def filled():
    """Fill the tables anew; gives the database's URL."""
    dsn = _made()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(ROWS)
    yield dsn


@cache
def _made():
    server = postgres()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
    dsn = server.rpartition("/")[0] + f"/{NAME}"
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SCHEMA)
    return dsn
