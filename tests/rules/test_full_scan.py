import sqlite3

import pytest

import perfkit
from perfkit.rules import Limits, check
from tests.rules.traces import LOOP, MS, query, trace_of

SQL = "SELECT * FROM orders WHERE task_id = ? AND status = ?"
BASE = {
    "table": "orders",
    "access": "scan",
    "condition": True,
    "rows": 12_000,
    "about": True,
    "indexed": ["id"],
}
ENTRY = {**BASE, "equal": ["task_id", "status"], "distinct": {"task_id": 3000, "status": 3}}
COUNT = "SELECT count(*) FROM orders WHERE task_id = ?"


def found(plan, sql=SQL, rows=3, count=1, limits=None, **facts):
    """What is found in ``count`` queries, of which the first tells its plan."""
    spans = [query(n * 20 * MS, 10 * MS, sql, (n,), rows=rows, **facts) for n in range(count)]
    spans[0].attrs["plan"] = plan
    return [f for f in check(trace_of(spans), limits or Limits()) if f.rule == "PK303"]


def fix_of(plan, sql=SQL, rows=3, **facts):
    findings = found(plan if isinstance(plan, list) else [plan], sql, rows, **facts)
    return findings[0].fix if findings else ""


def test_a_table_that_is_read_whole():
    (finding,) = found([ENTRY], count=4)
    assert (finding.name, finding.count, finding.spent_ns) == ("full-scan", 4, 40 * MS)
    assert finding.template == SQL
    assert finding.site == LOOP
    assert finding.fix == "CREATE INDEX ON orders (task_id, status)"
    assert finding.evidence == ["reads all of orders (about 12,000 rows) to return 3"]
    assert (finding.saving_ns, finding.basis[:8]) == (None, "unknown:")
    assert finding.span_ids == [1, 2, 3, 4]


def test_two_tables_of_one_query_are_one_finding():
    items = {**ENTRY, "table": "items", "equal": ["order_id"], "distinct": {"order_id": 4000}, "rows": 2000}
    (finding,) = found([ENTRY, {**items, "about": False}], rows=None)
    assert finding.fix == "CREATE INDEX ON orders (task_id, status); CREATE INDEX ON items (order_id)"
    assert finding.evidence == ["reads all of orders (about 12,000 rows)", "reads all of items (2,000 rows)"]


def test_databases_are_told_apart():
    spans = [query(n * 20 * MS, MS, SQL, (n,), rows=1, database=f"shop {n}") for n in range(2)]
    spans[0].attrs["plan"] = [ENTRY]
    (finding,) = check(trace_of(spans))
    assert finding.span_ids == [1]


FIXES = {
    "SQLite names its indexes": (
        ENTRY,
        {"system": "sqlite"},
        "CREATE INDEX orders_task_id_status ON orders ",
    ),
    "an ORM": (ENTRY, {"library": "django"}, "CREATE INDEX ON orders (task_id, status); in Django: "),
    "an order with a limit": (
        {**BASE, "sort": ["-created"]},
        {"sql": "SELECT * FROM orders ORDER BY created DESC LIMIT ?", "rows": 20},
        "CREATE INDEX ON orders (created)",
    ),
    # its values differ little, but the index spares the sorting
    "a condition and an order": (
        {**BASE, "equal": ["status"], "distinct": {"status": 3}, "sort": ["created"]},
        {"sql": "SELECT * FROM orders WHERE status = ? ORDER BY created LIMIT ?", "rows": 20},
        "CREATE INDEX ON orders (status, created)",
    ),
    "a range": (
        {**BASE, "range": ["created"]},
        {"sql": "SELECT * FROM orders WHERE created > ?"},
        "CREATE INDEX ON orders (created)",
    ),
    "alternatives": (
        {**BASE, "any": ["a", "b"], "distinct": {"a": 90, "b": 90}},
        {"sql": "SELECT * FROM orders WHERE a = ? OR b = ?"},
        "CREATE INDEX ON orders (a); CREATE INDEX ON orders (b)",
    ),
    "a function": (
        {**BASE, "call": [["lower", "email"]]},
        {"sql": "SELECT * FROM orders WHERE lower(email) = ?"},
        "CREATE INDEX ON orders (lower(email))",
    ),
    "a function of who knows what": (
        {**BASE, "call": [["date_trunc", "at"]]},
        {"sql": "SELECT * FROM orders WHERE date_trunc(at) = ?"},
        "Compare at of orders itself: ",
    ),
    "parts of a text": (
        {**BASE, "like": ["name"]},
        {"sql": "SELECT * FROM orders WHERE name LIKE ?"},
        "No plain index serves LIKE '%x%' on name: CREATE EXTENSION IF NOT EXISTS pg_trgm; ",
    ),
    "what is not understood, but leaves few rows": (
        BASE,
        {"sql": "SELECT * FROM orders WHERE data ->> ? = ?"},
        "Look at what the query asks of orders: ",
    ),
    "a count": (
        {**BASE, "equal": ["task_id"], "distinct": {"task_id": 3000}},
        {"sql": COUNT, "rows": 1},
        "CREATE INDEX ON orders (task_id)",
    ),
    "statistics of the database": (
        {**BASE, "equal": ["status"], "distinct": {"status": 3}, "expected": 5},
        {"sql": "SELECT count(*) FROM orders WHERE status = ?", "rows": 1},
        "CREATE INDEX ON orders (status)",
    ),
    "an index that SQLite makes each time": (
        [
            {"table": "items", "access": "scan"},
            {**BASE, "access": "automatic", "equal": ["task_id"], "distinct": {"task_id": 3000}},
        ],
        {"sql": "SELECT * FROM items LEFT JOIN orders ON orders.task_id = items.task_id", "rows": 400},
        "CREATE INDEX ON orders (task_id)",
    ),
    "a join with a few rows": (
        [
            {"table": "tasks", "access": "search"},
            {
                "table": "orders",
                "access": "scan",
                "joined": ["task_id"],
                "others": 20,
                "rows": 9000,
                "indexed": [],
            },
        ],
        {"sql": "SELECT * FROM tasks JOIN orders ON orders.task_id = tasks.id WHERE tasks.kind = ?"},
        "CREATE INDEX ON orders (task_id)",
    ),
    "a join with a chosen table that gives few rows": (
        [
            {"table": "orders", "access": "scan", "joined": ["task_id"], "rows": 9000, "indexed": []},
            {"table": "tasks", "access": "search"},
        ],
        {"sql": "SELECT * FROM tasks JOIN orders ON orders.task_id = tasks.id WHERE tasks.kind = ?"},
        "CREATE INDEX ON orders (task_id)",
    ),
}


@pytest.mark.parametrize(("plan", "facts", "expected"), FIXES.values(), ids=FIXES)
def test_the_fix_fits(plan, facts, expected):
    assert fix_of(plan, **facts).startswith(expected)


RIGHT = {
    "an index is used": ({"table": "orders", "access": "search"}, {}),
    "all rows are wanted": ({"table": "orders", "access": "scan"}, {"sql": "SELECT * FROM orders"}),
    "a small table": ({**ENTRY, "rows": 999, "about": False}, {}),
    "who knows how large it is": ({k: v for k, v in ENTRY.items() if k != "rows"}, {}),
    "a fifth of the rows is wanted": (ENTRY, {"rows": 2400}),
    "there is an index": ({**ENTRY, "indexed": ["task_id"]}, {}),
    "there is an index for the order": (
        {**BASE, "sort": ["created"], "indexed": ["created"]},
        {"sql": "SELECT * FROM orders ORDER BY created LIMIT ?"},
    ),
    "few different values": (
        {**BASE, "equal": ["status"], "distinct": {"status": 3}},
        {"sql": "SELECT count(*) FROM orders WHERE status = ?", "rows": 1},
    ),
    "few different values, and a limit": (
        {**BASE, "equal": ["status"], "distinct": {"status": 3}},
        {"sql": "SELECT * FROM orders WHERE status = ? LIMIT ?", "rows": 20},
    ),
    "much is expected": (
        {**BASE, "equal": ["task_id"], "distinct": {"task_id": 3000}, "expected": 6000},
        {"sql": COUNT, "rows": 1},
    ),
    "the sum over a range of unknown width": (
        {**BASE, "range": ["created"]},
        {"sql": "SELECT sum(price) FROM orders WHERE created > ?", "rows": 1},
    ),
    "alternatives that leave much": (
        {**BASE, "any": ["a", "b"], "distinct": {"a": 90, "b": 2}},
        {"sql": "SELECT count(*) FROM orders WHERE a = ? OR b = ?", "rows": 1},
    ),
    "alternatives with an index": (
        {**BASE, "any": ["a", "b"], "distinct": {"a": 90, "b": 90}, "indexed": ["a"]},
        {"sql": "SELECT * FROM orders WHERE a = ? OR b = ?"},
    ),
    "what is not understood, with a limit": (BASE, {"sql": "SELECT * FROM orders WHERE a ->> ? = ? LIMIT ?"}),
    "much is expected of a function": (
        {**BASE, "call": [["lower", "a"]], "expected": 9000},
        {"sql": "SELECT count(*) FROM orders WHERE lower(a) = ?", "rows": 1},
    ),
    "a join that needs it all": (
        {
            "table": "orders",
            "access": "scan",
            "joined": ["task_id"],
            "others": 900,
            "rows": 9000,
            "indexed": [],
        },
        {},
    ),
    "a join that gives who knows how much": (
        {"table": "orders", "access": "scan", "joined": ["task_id"], "rows": 9000, "indexed": []},
        {"sql": "SELECT count(*) FROM tasks JOIN orders ON orders.task_id = tasks.id WHERE tasks.kind = ?"},
    ),
    "an empty plan": ([], {}),
}


@pytest.mark.parametrize(("plan", "facts"), RIGHT.values(), ids=RIGHT)
def test_what_is_right(plan, facts):
    assert fix_of(plan, **facts) == ""


def test_the_threshold_follows_the_setting():
    assert found([ENTRY], limits=Limits(min_rows=1201)) == []
    assert len(found([{**ENTRY, "rows": 500}], limits=Limits(min_rows=50))) == 1


def test_a_query_without_a_plan_says_nothing():
    assert check(trace_of([query(0, MS, SQL, (1,), rows=1)])) == []


def test_the_index_it_names_is_the_one_that_helps():
    """Made as the fix says, the very query uses it, and nothing is found any more."""
    db = sqlite3.connect(":memory:")
    db.execute("CREATE TABLE orders (id integer PRIMARY KEY, task_id int, status text, created int)")
    rows = [(n, n % 700, "abc"[n % 3], n % 50) for n in range(2000)]
    db.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", rows)
    asked = [
        "SELECT * FROM orders WHERE task_id = 5 AND status = 'a'",
        "SELECT * FROM orders WHERE task_id = 5 AND created > 10",
        "SELECT * FROM orders WHERE task_id = 5 ORDER BY created DESC, id LIMIT 1",
        "SELECT * FROM orders WHERE upper(status) = 'X'",
        "SELECT * FROM orders ORDER BY created, status DESC LIMIT 3",
    ]
    text = "\n".join(db.iterdump())
    for sql in asked:
        with perfkit.record(explain=True) as rec:
            one = sqlite3.connect(":memory:")
            one.executescript(text)
            one.execute(sql).fetchall()
        (finding,) = [f for f in rec.findings() if f.rule == "PK303"]
        one.execute(finding.fix)
        with perfkit.record(explain=True) as rec:
            one.execute(sql).fetchall()
        assert [f for f in rec.findings() if f.rule == "PK303"] == [], finding.fix
        (plan,) = [s.attrs["plan"] for s in rec.trace.of_kind("query")]
        assert plan[0]["access"] == ("scan" if "WHERE" not in sql else "search")
        assert "sort" not in plan[0]
        one.close()
    db.close()
