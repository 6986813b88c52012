import pytest

from perfkit.rules import View
from perfkit.rules.row_by_row_write import check

from .traces import LOOP, MS, queries, query, span, trace_of

INSERT = "INSERT INTO orders (id) VALUES (?)"


def found(spans):
    return check(View(trace_of(spans)))


def commits(count, step_ns=10 * MS, connection=1):
    return [
        span("transaction", n * step_ns + 3 * MS, 4 * MS, "COMMIT", connection=connection)
        for n in range(count)
    ]


def test_a_row_each_is_found_at_its_line():
    (finding,) = found(queries(5, INSERT))
    assert (finding.rule, finding.count, finding.site) == ("PK105", 5, LOOP)
    assert (finding.spent_ns, finding.saving_ns) == (10 * MS, 4 * 2 * MS)
    assert finding.basis == "one executemany instead of 5 statements: 4 x 2 ms (the fastest of them)"
    assert "rows of orders with one executemany" in finding.fix


def test_a_commit_for_each_is_part_of_the_cost():
    (finding,) = found(queries(5, INSERT) + commits(5))
    assert finding.saving_ns == 4 * 2 * MS + 4 * 4 * MS
    assert finding.spent_ns == 5 * (2 + 4) * MS
    assert "each in a transaction of its own" in finding.evidence
    assert "in one transaction" in finding.fix
    (finding,) = found(queries(5, INSERT) + commits(5, connection=2))
    assert "each in a transaction of its own" not in finding.evidence


def test_equal_rows_are_rows_too():
    (finding,) = found([query(n * MS, 1, INSERT, (1,)) for n in range(4)])
    assert finding.count == 4


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE orders SET paid = ? WHERE id = ?", "UPDATE ... FROM (VALUES ...)"),
        ("DELETE FROM orders WHERE id = ?", "DELETE ... WHERE ... IN (...)"),
    ],
)
def test_other_verbs(sql, words):
    (finding,) = found(queries(4, sql))
    assert words in finding.fix


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        (INSERT, "bulk_create()"),
        ("UPDATE orders SET paid = ? WHERE id = ?", "bulk_update()"),
        ("DELETE FROM orders WHERE id = ?", "delete() on a queryset"),
    ],
)
def test_django_has_words_of_its_own(sql, words):
    (finding,) = found(queries(4, sql, library="django"))
    assert words in finding.fix


def test_one_flush_is_the_orms_work_and_a_loop_of_flushes_is_not():
    assert found(queries(9, INSERT, flush=3)) == []
    each = queries(4, INSERT)
    for n, s in enumerate(each):
        s.attrs["flush"] = n
    (finding,) = found(each)
    assert "4 flushes of the ORM" in finding.evidence
    assert "session.add_all" in finding.fix


def test_a_flush_that_a_query_brings_about_is_the_querys():
    each = queries(6, INSERT, autoflush=True)
    for n, s in enumerate(each):
        s.attrs["flush"] = n
    assert found(each) == []
    for s in each[:4]:
        del s.attrs["autoflush"]
    assert len(found(each)) == 1


SILENT = {
    "two": queries(2, INSERT),
    "executemany": queries(5, INSERT, many=100),
    "several rows each": queries(5, "INSERT INTO orders (id) VALUES (?), (?), (?)"),
    "chunks": [
        query(n * MS, 1, "DELETE FROM orders WHERE id IN (?, ?, ?)", (3 * n, 3 * n + 1, 3 * n + 2))
        for n in range(4)
    ],
    "ranges": [
        query(n * MS, 1, "UPDATE orders SET a = 1 WHERE id BETWEEN ? AND ?", (n, n + 9), rows=10)
        for n in range(4)
    ],
    "until none is left": [
        query(n * MS, 1, "DELETE FROM logs WHERE id IN (SELECT id FROM logs LIMIT 500)", None, rows=500)
        for n in range(4)
    ],
    "some at a time, older than": queries(4, "DELETE FROM logs WHERE at < ? LIMIT ?"),
    "some at a time, SQL Server": queries(4, "DELETE TOP (1000) FROM logs WHERE at < ?"),
    "some at a time, by their keys": queries(
        4, "DELETE FROM logs WHERE id IN (SELECT id FROM logs WHERE at < ? LIMIT ?)"
    ),
    "migrations": queries(4, "UPDATE alembic_version SET version_num = ? WHERE version_num = ?"),
    "an array": queries(4, "INSERT INTO t SELECT * FROM unnest(?)"),
    "heartbeat": [
        *[query(n * 50 * MS, 1, "UPDATE workers SET seen = ? WHERE id = 1", (n,)) for n in range(4)],
        *[span("wait", n * 50 * MS + MS, 40 * MS, "time.sleep") for n in range(4)],
    ],
    "met no row": [query(n * MS, 1, "UPDATE t SET a = ? WHERE version = 5", (n,), rows=0) for n in range(4)],
    "reads": queries(5, "SELECT a FROM t WHERE id = ?"),
    "for each database": [query(n, 1, INSERT, (n,), database=f"d{n}") for n in range(5)],
}


@pytest.mark.parametrize("spans", SILENT.values(), ids=SILENT.keys())
def test_what_is_right_stays_silent(spans):
    assert found(spans) == []


def test_a_limit_of_one_row_by_its_key_is_a_row_each():
    assert len(found(queries(4, "DELETE FROM orders WHERE id = ? LIMIT ?"))) == 1


@pytest.mark.parametrize(("system", "words"), [("mongodb", "insertMany"), ("dynamodb", "BatchWriteItem")])
def test_databases_without_sql_have_words_of_their_own(system, words):
    (finding,) = found(queries(4, INSERT, system=system))
    assert words in finding.fix
