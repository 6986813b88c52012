import pytest

from perfkit.model import Frame, HostFacts
from perfkit.rules import Limits, View
from perfkit.rules.n_plus_one_query import check

from .traces import LOOP, MS, queries, query, span, trace_of

BY_ID = "SELECT name FROM users WHERE id = ?"


def found(spans, hosts=(), limits=None):
    return check(View(trace_of(spans, hosts), limits))


def test_a_query_per_item_is_found_at_its_line():
    (finding,) = found(queries(10, BY_ID))
    assert (finding.rule, finding.name, finding.count) == ("PK101", "n-plus-one-query", 10)
    assert (finding.site, finding.path) == (LOOP, (LOOP,))
    assert finding.template == BY_ID
    assert finding.evidence[0] == "10 queries with 10 different sets of parameters"
    assert "one after another" in finding.evidence
    assert len(finding.span_ids) == 10


@pytest.mark.parametrize(("count", "findings"), [(2, 0), (3, 1)])
def test_two_are_no_loop(count, findings):
    assert len(found(queries(count, BY_ID))) == findings


def test_the_number_that_makes_a_loop_is_a_setting():
    assert found(queries(9, BY_ID), limits=Limits(min_calls=10)) == []
    assert len(found(queries(10, BY_ID), limits=Limits(min_calls=10))) == 1


@pytest.mark.parametrize(("count", "findings"), [(4, 0), (5, 1)])
def test_without_lines_more_are_needed(count, findings):
    spans = queries(count, BY_ID, path=())
    assert len(found(spans)) == findings


def test_equal_parameters_are_no_n_plus_one():
    assert found([query(n * MS, MS // 2, BY_ID, (7,)) for n in range(10)]) == []


def test_unknown_parameters_count_as_different():
    spans = queries(5, BY_ID)
    for s in spans:
        del s.attrs["params"]
    (finding,) = found(spans)
    assert finding.evidence[0] == "5 queries; the trace does not have their parameters"


@pytest.mark.parametrize(
    "facts",
    [{"eager": True}, {"refresh": True}, {"many": 1}, {"catalogue": True}],
    ids=["eager", "refresh", "executemany", "catalogue"],
)
def test_what_the_application_did_not_decide_on_is_no_loop(facts):
    assert found(queries(10, BY_ID, **facts)) == []


def test_what_failed_is_counted_apart():
    spans = queries(5, BY_ID)
    spans[1].error = spans[2].error = "OperationalError"
    (finding,) = found(spans)
    assert finding.count == 3
    assert "2 more failed" in finding.evidence
    spans[3].error = "OperationalError"
    assert found(spans) == []


def test_the_same_statement_for_each_database_is_no_loop():
    assert found([query(n, MS, BY_ID, (n,), database=f"shard{n}") for n in range(5)]) == []
    assert found([query(n, MS, BY_ID, (n,), host=f"db{n}:5432") for n in range(5)]) == []
    in_memory = {"system": "sqlite", "database": ":memory:"}
    assert found([query(n, MS, BY_ID, (n,), connection=n, **in_memory) for n in range(5)]) == []
    assert len(found([query(n, MS, BY_ID, (n,), connection=n) for n in range(5)])) == 1


@pytest.mark.parametrize("choose", ["SET search_path TO ?", "USE tenant", "SET ROLE ?"])
def test_the_same_statement_for_each_tenants_schema_is_no_loop(choose):
    spans = []
    for n in range(5):
        spans += [query(10 * n, 1, f"{choose} {n}" if "?" not in choose else choose, (n,))]
        spans += [query(10 * n + 5, 1, BY_ID, (n,))]
    assert [f for f in found(spans) if f.template == BY_ID] == []


def test_other_places_are_other_loops():
    lines = [Frame("app/a.py", n, "page") for n in range(5)]
    assert found([query(n, MS, BY_ID, (n,), path=(line, LOOP)) for n, line in enumerate(lines)]) == []


def test_recursion_is_one_place():
    walk, main = Frame("app/tree.py", 5, "walk"), Frame("app/tree.py", 20, "main")
    spans = [query(n * MS, 1, BY_ID, (n,), path=(walk,) * (n + 1) + (main,)) for n in range(6)]
    (finding,) = found(spans)
    assert finding.count == 6


def test_tasks_and_threads_are_one_loop():
    spans = queries(6, BY_ID, step_ns=1, duration_ns=100 * MS)
    for n, s in enumerate(spans):
        s.task, s.thread = n + 1, n % 2 + 1
    (finding,) = found(spans)
    assert "up to 6 at once" in finding.evidence
    assert "instead of one query in each task" in finding.fix


def test_requests_that_a_service_answers_are_looked_at_one_by_one():
    spans = []
    for n in range(8):
        entry = span("span", n * 10 * MS, 9 * MS, "GET /users/{id}", entry=True)
        inner = query(n * 10 * MS + 1, MS, BY_ID, (n,), path=())
        inner.parent = entry
        spans += [entry, inner]
    assert found(spans) == []


def test_within_a_request_the_names_of_the_spans_around_are_the_place():
    entry = span("span", 0, 100 * MS, "GET /users", entry=True)
    spans = [entry]
    for n in range(6):
        step = span("span", n * 10 * MS, 9 * MS, "load_user")
        step.parent = entry
        inner = query(n * 10 * MS + 1, MS, BY_ID, (n,), path=())
        inner.parent = step
        spans += [step, inner]
    (finding,) = found(spans)
    assert (finding.site, finding.place) == (None, "GET /users > load_user")


def test_pings_and_clocks_are_no_loop():
    assert found([query(n, 1, "SELECT 1", None) for n in range(9)]) == []


def test_the_saving_is_what_each_call_pays_anyway():
    spans = [query(n * 10 * MS, (2 + n) * MS, BY_ID, (n,)) for n in range(4)]
    (finding,) = found(spans)
    assert finding.saving_ns == 3 * 2 * MS
    assert finding.basis == "1 query instead of 4: 3 x 2 ms (the fastest of them); now 14 ms"
    (finding,) = found(spans, [HostFacts("db.test:5432", rtt_ns=MS)])
    assert finding.saving_ns == 3 * MS
    assert "round trip of the link" in finding.basis


def test_of_overlapping_calls_one_remains():
    (finding,) = found(queries(4, BY_ID, step_ns=MS, duration_ns=10 * MS))
    assert finding.saving_ns == 3 * MS


FIXES = {
    "raw": ({}, BY_ID, "SELECT id, name FROM users WHERE id IN (?, ...)"),
    "to one, SQLAlchemy": (
        {"library": "sqlalchemy", "relation": "Order.customer", "rows": 1},
        BY_ID,
        "select(Order).options(joinedload(Order.customer))",
    ),
    "to many, SQLAlchemy": (
        {"library": "sqlalchemy", "relation": "Order.items", "rows": 3},
        BY_ID,
        "select(Order).options(selectinload(Order.items))",
    ),
    "to one, Django": (
        {"library": "django", "relation": "Order.customer", "rows": 1},
        f"{BY_ID} LIMIT ?",
        "Order.objects.select_related('customer')",
    ),
    "to many, Django": (
        {"library": "django", "relation": "Order.items", "rows": 3},
        BY_ID,
        "Order.objects.prefetch_related('items')",
    ),
    "a tree, SQLAlchemy": (
        {"library": "sqlalchemy", "relation": "Folder.children", "target": "Folder", "rows": 3},
        BY_ID,
        "select(Folder).options(selectinload(Folder.children, recursion_depth=-1))",
    ),
    "again, SQLAlchemy": (
        {"library": "sqlalchemy", "reload": "Product"},
        BY_ID,
        "select(Product).where(<its key>.in_(keys)).execution_options(populate_existing=True)",
    ),
    "again, Django": ({"library": "django", "reload": "Product"}, BY_ID, "Product.objects.in_bulk(keys)"),
    "deferred": ({"library": "sqlalchemy", "deferred": "Book.text"}, BY_ID, "undefer(Book.text)"),
    "deferred, Django": ({"library": "django", "deferred": "Book.text"}, BY_ID, "Do not defer text of Book"),
    "the first of each": ({}, "SELECT a FROM t WHERE b = ? ORDER BY c DESC LIMIT ?", "ROW_NUMBER()"),
    "mongodb": ({"system": "mongodb"}, "find orders", "$in"),
    "memcached": ({"system": "memcached"}, "get", "get_multi"),
    "redis": ({"system": "redis"}, "GET user:{id}", "one MGET"),
}


@pytest.mark.parametrize(("facts", "sql", "words"), FIXES.values(), ids=FIXES.keys())
def test_the_fix_fits_what_was_seen(facts, sql, words):
    (finding,) = found(queries(4, sql, **facts))
    assert words in finding.fix


def test_relations_of_what_was_loaded_one_by_one_are_chained():
    outer = queries(4, BY_ID, library="sqlalchemy", relation="Customer.orders", target="Order", rows=3)
    sql = "SELECT id FROM items WHERE order_id = ?"
    inner = queries(4, sql, library="sqlalchemy", relation="Order.items", target="Item", rows=3)
    for s in inner:
        s.start_ns += MS // 2
        s.end_ns += MS // 2
    fixes = [finding.fix for finding in found([*outer, *inner])]
    assert any("select(Customer).options(selectinload(Customer.orders))." in fix for fix in fixes)
    chain = "select(Customer).options(selectinload(Customer.orders).selectinload(Order.items))."
    assert any(chain in fix for fix in fixes)


def test_what_is_loaded_again_after_it_was_written_is_no_loop():
    again = [query(n * 10 * MS, MS, BY_ID, (n,), reload="User", library="sqlalchemy") for n in range(5)]
    assert len(found(again)) == 1
    written = [query((n * 10 + 5) * MS, MS, "UPDATE users SET a = 1 WHERE id = ?", (n,)) for n in range(5)]
    assert [finding.rule for finding in found([*again, *written])] == []


def test_commands_of_redis_that_go_out_at_once_are_pipelined():
    together = [query(n, MS, "GET", (n,), system="redis", path=((),)) for n in range(9)]
    for made in together:
        made.path, made.site = (), None
    assert found(together) == []
    together[0].end_ns = 0
    assert len(found(together)) == 1
