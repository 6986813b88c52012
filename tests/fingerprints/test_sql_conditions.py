import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_sql
from perfkit.fingerprints.sql_conditions import Order, conditions, orders, selects

WHERE = {
    "a = ?": [("equal", "a")],
    "? = a": [("equal", "a")],
    "t.a = ? AND t.b IN (?, ?)": [("equal", "t.a"), ("equal", "t.b")],
    "(a = ? AND (b = ?))": [("equal", "a"), ("equal", "b")],
    "a == ? AND b IS NULL": [("equal", "a"), ("equal", "b")],
    "a IN (SELECT x FROM u WHERE y = ?)": [("equal", "a")],
    "a = ANY(?)": [("equal", "a")],
    "a > ? AND b <= ? AND ? < c": [("range", "a"), ("range", "b"), ("range", "c")],
    "a BETWEEN ? AND ? AND b = ?": [("range", "a"), ("equal", "b")],
    "(a, b) > (?, ?)": [("range", "a")],
    "a LIKE ? AND b ILIKE ?": [("like", "a"), ("like", "b")],
    "lower(a) = ?": [("call lower", "a")],
    "? = lower(t.a)": [("call lower", "t.a")],
    "a = ? OR a = ?": [("equal", "a")],
    "a = ? OR b = ?": [("any", "a b")],
    "a = ? OR b IN (?, ?) OR c = ?": [("any", "a b c")],
    "(a = ? AND c = ?) OR b = ?": [("other", "a c b")],
    "a = ? OR b > ?": [("other", "a b")],
    "? IS NULL OR a = ?": [("other", "a")],
    "a <> ? AND b != ?": [("other", "a"), ("other", "b")],
    "a NOT IN (?, ?) AND NOT b = ?": [("other", "a"), ("other", "b")],
    "a IS NOT NULL": [("other", "a")],
    "a NOT LIKE ?": [("other", "a")],
    "a = ? COLLATE nocase": [("other", "a")],
    "a + b = ?": [("other", "a b")],
    "a ->> ? = ?": [("other", "a")],
    "coalesce(a, b) = ?": [("other", "a b")],
    "active": [("other", "active")],
    "EXISTS (SELECT 1 FROM u WHERE u.x = ?)": [("other", "")],
    '"t"."odd name" = ? AND `b` = ?': [("equal", "t.odd name"), ("equal", "b")],
    "a = CURRENT_DATE AND b < now()": [("equal", "a"), ("range", "b")],
    "a > DATE ?": [("range", "a")],
    "a = ?::uuid": [("equal", "a")],
    "a::date = ?": [("other", "a")],
}


def shown(found):
    """Kind and columns of each condition, as text."""
    return [
        (
            f"{c.kind} {c.function}".strip(),
            " ".join(f"{table}.{name}" if table else name for table, name in c.columns),
        )
        for c in found
    ]


@pytest.mark.parametrize(("text", "expected"), WHERE.items(), ids=WHERE)
def test_conditions(text, expected):
    (select, *_) = reversed(selects(describe_sql(f"SELECT * FROM t WHERE {text}").template))
    assert shown(select.conditions) == expected
    assert all(not condition.needs for condition in select.conditions)


PLANS = {
    "((orders.status)::text = 'new'::text)": [("equal", "orders.status")],
    "((o.id = ANY ('{1,2}'::integer[])) AND (o.at > '2020-01-01 00:00:00'::timestamp without time zone))": [
        ("equal", "o.id"),
        ("range", "o.at"),
    ],
    "(lower((u.name)::text) = 'x'::text)": [("call lower", "u.name")],
    "(u.name ~~ '%x%'::text)": [("like", "u.name")],
    "((t.at)::date = '2020-01-01'::date)": [("other", "t.at")],
    "(active AND (NOT deleted))": [("other", "active"), ("other", "deleted")],
    '("Order"."taskId" = 5)': [("equal", "Order.taskId")],
}


@pytest.mark.parametrize(("text", "expected"), PLANS.items(), ids=PLANS)
def test_the_filters_of_plans(text, expected):
    assert shown(conditions(describe_sql(text).template)) == expected


def test_a_join_needs_the_other_table():
    (select,) = selects("SELECT * FROM orders AS o JOIN items i ON i.order_id = o.id WHERE o.kind = ?")
    assert select.tables == {"o": "orders", "i": "items"}
    assert [(*c.columns[0], sorted(c.needs)) for c in select.conditions] == [
        ("i", "order_id", ["o"]),
        ("o", "id", ["i"]),
        ("o", "kind", []),
    ]


def test_using_joins_by_the_right_tables_columns():
    (select,) = selects("SELECT * FROM a JOIN b USING (x, y) WHERE a.z = ?")
    assert [(c.columns[0], sorted(c.needs)) for c in select.conditions] == [
        (("b", "x"), ["a"]),
        (("b", "y"), ["a"]),
        (("a", "z"), []),
    ]


def test_tables_by_their_names_in_the_query():
    (inner, outer) = selects(
        'SELECT * FROM main.a, "B b" AS x, LATERAL unnest(?) u, (SELECT * FROM c) d WHERE x.y = a.y'
    )
    assert inner.tables == {"c": "c"}
    assert outer.tables == {"a": "main.a", "x": "B b", "u": "", "d": ""}


def test_each_select_by_itself():
    found = selects(
        "WITH a AS (SELECT * FROM t WHERE x = ?) SELECT * FROM a WHERE y = ? UNION SELECT ? FROM b"
    )
    assert [(list(s.tables), shown(s.conditions), s.summed) for s in found] == [
        (["t"], [("equal", "x")], False),
        (["a"], [("equal", "y")], True),
        (["b"], [], True),
    ]


@pytest.mark.parametrize(
    "text",
    ["count(*)", "DISTINCT a", "sum(a) AS s", "max(t.a)", "a, string_agg(b, ?)"],
)
def test_what_sums_rows_up(text):
    assert selects(f"SELECT {text} FROM t")[0].summed


def test_what_does_not_sum_rows_up():
    assert not selects("SELECT lower(a), counter, b FROM t")[0].summed
    assert selects("SELECT a FROM t GROUP BY a")[0].summed


def test_order_and_limit():
    (select,) = selects("SELECT * FROM t WHERE a = ? ORDER BY t.b DESC NULLS LAST, c LIMIT ?")
    assert select.order == (Order(("t", "b"), descending=True), Order(("", "c")))
    assert select.limited
    assert selects("SELECT * FROM t ORDER BY lower(a), b")[0].order == ()
    assert selects("SELECT * FROM t FETCH FIRST ? ROWS ONLY")[0].limited
    assert orders(["o.created DESC", "lower(o.name)"]) == ()


@given(st.text("()?ab. ,\"'`=<>", max_size=30) | st.text(max_size=60))
def test_no_text_is_too_odd(text):
    template = describe_sql(f"SELECT * FROM t WHERE {text}").template
    selects(template)
    conditions(template)
    orders([template])
