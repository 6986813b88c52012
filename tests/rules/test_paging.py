import pytest

from perfkit.rules import View
from perfkit.rules.paging import is_chunked, is_paging, varying_positions

from .traces import MS, query, trace_of


def loop(sql, params, **facts):
    """The one loop of queries of ``sql`` with each of ``params``; facts that are lists differ by query."""
    spans = [
        query(n * MS, 1, sql, p, **{k: v[n] if isinstance(v, list) else v for k, v in facts.items()})
        for n, p in enumerate(params)
    ]
    (found,) = View(trace_of(spans)).query_loops
    return found


OFFSET = "SELECT a FROM t ORDER BY id LIMIT ? OFFSET ?"
KEYSET = "SELECT a FROM t WHERE id > ? ORDER BY id LIMIT ?"

PAGES = {
    "offset": (OFFSET, [(10, 0), (10, 10), (10, 20)], {}),
    "offset with a filter that stays": (
        "SELECT a FROM t WHERE b = ? LIMIT ? OFFSET ?",
        [(1, 10, 0), (1, 10, 10), (1, 10, 20)],
        {},
    ),
    "MySQL's limit": ("SELECT a FROM t LIMIT ?, ?", [(0, 10), (10, 10), (20, 10)], {}),
    "key": (KEYSET, [(0, 10), (10, 10), (20, 10)], {"rows": [10, 10, 4]}),
    "key of two columns": (
        "SELECT a FROM t WHERE (b, id) > (?, ?) ORDER BY b, id LIMIT ?",
        [(1, 1, 10), (1, 5, 10), (2, 7, 10)],
        {"rows": [10, 10, 0]},
    ),
    "key in the statement's text": (
        "SELECT a FROM t WHERE id > ? ORDER BY id LIMIT 10",
        [(0,), (10,), (20,)],
        {"rows": [10, 10, 2]},
    ),
    "named parameters": (
        KEYSET,
        [{"k": 0, "n": 9}, {"k": 9, "n": 9}, {"k": 18, "n": 9}],
        {"rows": [9, 9, 3]},
    ),
    "days": (
        "SELECT a FROM t WHERE day >= ? AND day < ?",
        [(1, 2), (2, 3), (3, 4)],
        {"rows": [5, 9, 3]},
    ),
    "blocks of keys": (
        "SELECT a FROM t WHERE id BETWEEN ? AND ?",
        [(1, 9), (10, 19), (20, 29)],
        {"rows": 10},
    ),
    "cursor": ("FETCH FORWARD 100 FROM c", [None] * 3, {}),
}

ITEMS = {
    "by key": ("SELECT a FROM t WHERE id = ?", [(1,), (2,), (3,)], {"rows": 1}),
    "latest of each": (
        "SELECT a FROM t WHERE b = ? ORDER BY id DESC LIMIT ?",
        [(1, 1), (2, 1), (3, 1)],
        {"rows": 1},
    ),
    "first page of each": (
        "SELECT a FROM t WHERE b = ? LIMIT ? OFFSET ?",
        [(1, 10, 0), (2, 10, 0), (3, 10, 0)],
        {"rows": [3, 9, 1]},
    ),
    "next after each": (
        "SELECT a FROM t WHERE id > ? ORDER BY id LIMIT ?",
        [(1, 1), (2, 1), (3, 1)],
        {"rows": 1},
    ),
    "newer ones of each": (
        "SELECT a FROM t WHERE b = ? AND id > ? ORDER BY id LIMIT ?",
        [(1, 5, 10), (2, 5, 10), (3, 5, 10)],
        {"rows": [4, 10, 2]},
    ),
    "one range for each": (
        "SELECT a FROM t WHERE b = ? AND day BETWEEN ? AND ?",
        [(1, 5, 9), (2, 5, 9), (3, 5, 9)],
        {"rows": [2, 2, 2]},
    ),
    "top of each, nothing known": (
        "SELECT a FROM t WHERE b = %s AND id > %s ORDER BY id LIMIT 5",
        [None] * 3,
        {},
    ),
}


@pytest.mark.parametrize(("sql", "params", "facts"), PAGES.values(), ids=PAGES.keys())
def test_pages(sql, params, facts):
    assert is_paging(loop(sql, params, **facts))


@pytest.mark.parametrize(("sql", "params", "facts"), ITEMS.values(), ids=ITEMS.keys())
def test_a_query_for_each_item_is_no_page(sql, params, facts):
    assert not is_paging(loop(sql, params, **facts))


def in_list(count, rest=""):
    return f"SELECT a FROM t WHERE id IN ({', '.join('?' * count)}){rest}"


def listed(sizes, rest="", more=()):
    """Chunks of the numbers from 0 on; each with ``more`` parameters."""
    start = 0
    for size in sizes:
        yield in_list(size, rest), (*range(start, start + size), *more)
        start += size


def chunks(statements, **facts):
    spans = [query(n * MS, 1, sql, params, **facts) for n, (sql, params) in enumerate(statements)]
    (found,) = View(trace_of(spans)).query_loops
    return found


def test_chunks_of_one_size_but_for_the_last():
    assert is_chunked(chunks(listed([5, 5, 5, 2])))
    assert is_chunked(chunks(listed([500, 500, 40])))
    assert is_chunked(chunks(listed([4, 4, 1], " AND active = ?", (True,))))


def test_chunks_whose_parameters_are_not_known():
    spans = chunks(listed([5, 5, 2]))
    for span in spans.spans:
        del span.attrs["parameters"]
    assert is_chunked(spans)


def test_a_list_that_stays_beside_a_key_that_differs_is_no_chunk():
    statements = [("SELECT a FROM t WHERE b = ? AND state IN (?, ?)", (n, "new", "open")) for n in range(5)]
    assert not is_chunked(chunks(statements))


def test_lists_of_one_are_no_chunks():
    assert not is_chunked(chunks(listed([1, 1, 1, 1])))


def test_each_item_with_a_short_list_of_its_own_is_no_chunk():
    assert not is_chunked(chunks(listed([3, 1, 4, 2, 3])))


def test_arrays_are_chunks():
    assert is_chunked(chunks([("SELECT a FROM t WHERE id = ANY(?)", ([n, n + 1],)) for n in range(3)]))


def test_no_list_no_chunk():
    assert not is_chunked(chunks([("SELECT a FROM t WHERE id = ?", (n,)) for n in range(3)]))


BEHIND = "SELECT a FROM t WHERE b > {} AND c = 'x' LIMIT {}"


@pytest.mark.parametrize(
    ("marks", "params"),
    [
        (("?", "?"), [(1, 9), (2, 9)]),
        (("$2", "$1"), [(9, 1), (9, 2)]),
        ((":k", ":n"), [{"n": 9, "k": 1}, {"n": 9, "k": 2}]),
        (("%(k)s", "%(n)s"), [{"n": 9, "k": 1}, {"n": 9, "k": 2}]),
        (("?2", "?1"), [(9, 1), (9, 2)]),
    ],
)
def test_which_of_the_statements_values_differ(marks, params):
    assert varying_positions(loop(BEHIND.format(*marks), params).spans) == ([0], 3)


def test_which_of_the_parameters_of_a_list_differ():
    spans = loop("SELECT a FROM t WHERE b = ? AND id IN (?, ?)", [(1, 2, 3), (1, 4, 3)]).spans
    assert varying_positions(spans) is None
    assert varying_positions(spans, "parameters") == ([1], 3)


def test_parameters_that_are_not_known_are_not_guessed():
    assert varying_positions(loop(BEHIND.format(1, 2), [None, None]).spans) is None
    assert varying_positions(loop(BEHIND.format("?", "?"), [(1, "x" * 99), (2, "y")]).spans) is None


def test_an_array_that_stays_beside_a_key_that_differs_is_no_chunk():
    sql = "SELECT count(*) FROM t WHERE b = %s AND kind = ANY(%s) AND day >= %s"
    assert not is_chunked(chunks([(sql, (n, ["a", "b"], "2024")) for n in range(4)]))
    assert is_chunked(chunks([(sql, (1, [n, n + 1], "2024")) for n in range(4)]))
    assert not is_chunked(chunks([("SELECT a FROM t WHERE id = ANY(?)", ([n],)) for n in range(4)]))


def test_a_literal_beside_the_page_does_not_matter():
    sql = "SELECT a FROM t WHERE kind = 'buy' AND id > ? ORDER BY id LIMIT 250"
    assert is_paging(loop(sql, [(0,), (250,), (500,)], rows=[250, 250, 3]))


def test_an_empty_page_may_be_the_last():
    named = [{"k": n, "n": 9} for n in range(4)]
    assert is_paging(loop(KEYSET, named, rows=[9, 9, 4, 0]))
    spans = loop("SELECT a FROM t WHERE id > 5 ORDER BY id LIMIT 9", [None] * 4, rows=[9, 9, 4, 0])
    assert is_paging(spans)
