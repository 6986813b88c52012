"""A small database for the programs that write their SQL themselves: tables and rows, always the same."""

from itertools import product

STATEMENTS = """
CREATE TABLE regions (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, email TEXT, region_id INTEGER, plan TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, status TEXT, total_cents INTEGER,
    placed_on TEXT);
CREATE TABLE items (id INTEGER PRIMARY KEY, order_id INTEGER, product_id INTEGER, qty INTEGER);
CREATE TABLE products (id INTEGER PRIMARY KEY, sku TEXT UNIQUE, name TEXT, price_cents INTEGER,
    stock INTEGER, category_id INTEGER);
CREATE TABLE categories (id INTEGER PRIMARY KEY, name TEXT, parent_id INTEGER);
CREATE TABLE authors (id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE posts (id INTEGER PRIMARY KEY, author_id INTEGER, title TEXT, published_on TEXT);
CREATE TABLE comments (id INTEGER PRIMARY KEY, post_id INTEGER, author_id INTEGER, body TEXT);
CREATE TABLE tags (id INTEGER PRIMARY KEY, word TEXT UNIQUE);
CREATE TABLE devices (id INTEGER PRIMARY KEY, name TEXT, site TEXT, last_value INTEGER);
CREATE TABLE readings (device_id INTEGER, taken_at TEXT, value INTEGER, PRIMARY KEY (device_id, taken_at));
CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE grants (user_id INTEGER, permission TEXT, PRIMARY KEY (user_id, permission));
CREATE TABLE rates (currency TEXT, day TEXT, rate INTEGER, PRIMARY KEY (currency, day));
CREATE TABLE ledger (id INTEGER PRIMARY KEY, account_id INTEGER, currency TEXT, day TEXT, amount INTEGER);
CREATE TABLE events (id INTEGER PRIMARY KEY, kind TEXT, user_id INTEGER, day TEXT);
CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT, payload TEXT);
CREATE TABLE audit (id INTEGER PRIMARY KEY, actor TEXT, action TEXT);
"""

_DAYS = [f"2024-{month:02}-{day:02}" for month, day in product(range(1, 7), range(1, 29))]

ROWS = {
    "regions": [(n, f"region {n}") for n in range(1, 5)],
    "customers": [
        (n, f"customer {n}", f"c{n}@shop.test", n % 4 + 1, ("free", "pro")[n % 2]) for n in range(1, 25)
    ],
    "orders": [
        (n, (n * 7) % 24 + 1, ("new", "open", "sent")[n % 3], 500 * n, _DAYS[n * 4]) for n in range(1, 41)
    ],
    "items": [(n, (n - 1) % 40 + 1, (n * 11) % 30 + 1, n % 5 + 1) for n in range(1, 91)],
    "products": [
        (n, f"SKU-{n:04}", f"product {n}", 100 * n + 99, (n * 3) % 20, n % 9 + 5) for n in range(1, 31)
    ],
    "categories": [(n, f"category {n}", (n + 1) // 3 or None) for n in range(1, 14)],
    "authors": [(n, f"author {n}") for n in range(1, 9)],
    "posts": [(n, n % 8 + 1, f"post {n}", _DAYS[n * 5]) for n in range(1, 21)],
    "comments": [(n, n % 20 + 1, n % 8 + 1, f"comment {n}") for n in range(1, 61)],
    "tags": [(n, word) for n, word in enumerate(("red", "green", "blue", "large", "small", "sale"), 1)],
    "devices": [(n, f"device {n}", ("north", "south")[n % 2], None) for n in range(1, 11)],
    "readings": [(d, f"2024-05-{day:02}", d * day % 37) for d in range(1, 11) for day in range(1, 13)],
    "settings": [("vat_percent", "19"), ("currency", "EUR"), ("locale", "de"), ("page_size", "20")],
    "grants": [(user, word) for user in range(1, 9) for word in ("read", "export", "admin")[: user % 3 + 1]],
    "rates": [
        (name, day, 90 + len(name + day) + int(day[-2:])) for name in ("USD", "GBP") for day in _DAYS[:40]
    ],
    "ledger": [(n, n % 6 + 1, ("USD", "GBP")[n % 2], _DAYS[n], n * 100) for n in range(1, 31)],
    "events": [(n, ("view", "click", "buy")[n % 3], n % 24 + 1, _DAYS[n % 168]) for n in range(1, 1201)],
    "jobs": [(n, "queued", f"job {n}") for n in range(1, 7)],
    "audit": [],
}
"""Table to its rows."""
