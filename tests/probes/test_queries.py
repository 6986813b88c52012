import itertools
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.probes import queries
from perfkit.probes.queries import Link, begin, begin_connect, begin_transaction, end, next_link
from perfkit.tracing import Recording, enter, here, leave, span


@pytest.fixture
def link():
    return next_link("postgresql", "db.example:5432", "shop")


def frame():
    return sys._getframe(1)


def recorded(sql, params, link, **options):
    with Recording() as recording:
        end(begin(sql, params, link, frame(), **options))
    return recording.trace.spans[0]


def test_a_query_says_all_about_itself(link):
    with Recording() as recording:
        query = begin("select name from t where id = 5", (5,), link, frame(), transaction=True)
        end(query, 3)
    (found,) = recording.trace.spans
    assert (found.kind, found.name) == ("query", "SELECT name FROM t WHERE id = ?")
    assert found.site.function == "test_a_query_says_all_about_itself"
    params = found.attrs.pop("params")
    assert len(params) == 16
    assert int(params, 16) >= 0
    assert found.attrs == {
        "sql": "SELECT name FROM t WHERE id = ?",
        "rows": 3,
        "system": "postgresql",
        "host": "db.example:5432",
        "database": "shop",
        "connection": 1,
        "library": "test_queries",
        "transaction": True,
    }


def test_links_are_numbered():
    first, second = (next_link("sqlite", "", "x") for _ in range(2))
    assert second == first._replace(number=first.number + 1)
    assert first == Link("sqlite", "", "x", first.number, "test_queries")


def test_where_nothing_is_recorded_there_is_nothing(link):
    assert begin("SELECT 1", None, link, None) is None
    assert begin_transaction("COMMIT", link, None) is None
    assert begin_connect("sqlite", "", "x", None) is None
    end(None)
    end(None, 3, KeyError())
    with Recording() as recording:
        found = []
        thread = threading.Thread(target=lambda: found.append(here()))
        recording.__exit__(None, None, None)
        thread.start()
        thread.join()
    assert found == [None]


def test_what_an_outer_layer_has_recorded_is_not_recorded_again(link):
    with Recording() as recording:
        outer = begin("SELECT 1", None, link, frame())
        assert begin("SELECT 1", None, link, frame()) is None
        assert begin_transaction("COMMIT", link, frame()) is None
        end(outer)
        commit = begin_transaction("COMMIT", link, frame())
        assert begin("COMMIT", None, link, frame()) is None
        end(commit)
        connecting = begin_connect("postgresql", "db.example", "shop", frame())
        assert begin("SET client_encoding = 'utf8'", None, link, frame()) is None
        leave(connecting)
        with span("own"):
            end(begin("SELECT 2", None, link, frame()))
        request = enter("request", "GET", {}, None)
        end(begin("SELECT 3", None, link, frame()))
        leave(request)
    assert [(s.kind, s.parent) for s in recording.trace.spans] == [
        ("query", None),
        ("transaction", None),
        ("connect", None),
        ("span", None),
        ("query", 4),
        ("request", None),
        ("query", 6),
    ]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("BEGIN", "transaction"),
        ("begin immediate", "transaction"),
        ("  -- now\n COMMIT;", "transaction"),
        ("ROLLBACK TO SAVEPOINT a", "transaction"),
        ("SAVEPOINT a", "transaction"),
        ("START TRANSACTION READ ONLY", "transaction"),
        ("SELECT 1", "query"),
        ("BEGIN; INSERT INTO t VALUES (1); COMMIT", "query"),
        ("", "query"),
        (None, "query"),
        (b"select '\xff'", "query"),
    ],
)
def test_transactions_are_not_counted_as_queries(link, sql, kind):
    with Recording() as recording:
        end(begin(sql, None, link, None))
    assert recording.counts == {kind: 1}


@pytest.mark.parametrize(
    ("given", "expected"), [((None,), None), ((-1,), None), ((0,), 0), ((7,), 7), ((), None)], ids=str
)
def test_rows_that_are_not_known_are_left_out(link, given, expected):
    with Recording() as recording:
        end(begin("SELECT 1", None, link, None), *given)
    assert recording.trace.spans[0].attrs.get("rows") == expected


def test_rows_counted_as_they_are_fetched(link):
    with Recording() as recording:
        query = begin("SELECT 1", None, link, None)
        end(query)
        query.rows = itertools.count(1)
        list(itertools.islice(query.rows, 4))
    assert recording.trace.spans[0].attrs["rows"] == 4


def test_many(link):
    sets = [(1, "a"), (2, "b")]
    found = recorded("INSERT INTO t VALUES (%s, %s)", sets, link, many=2)
    assert found.attrs["many"] == 2
    assert recorded("INSERT INTO t VALUES (%s, %s)", (), link, many=0).attrs["params"] == ""


def test_errors(link):
    with Recording() as recording:
        end(begin("SELECT 1", None, link, None), None, KeyError("s3cr3t"))
    assert recording.trace.spans[0].error == "KeyError"
    assert "s3cr3t" not in repr(recording.trace)


@pytest.mark.parametrize(
    ("sql", "params"),
    [
        ("SELECT * FROM t WHERE a = 's3cr3t'", None),
        ("SELECT * FROM t WHERE a = %s", ("s3cr3t",)),
        ("SELECT * FROM t WHERE a = %(a)s", {"a": "s3cr3t"}),
        ("SELECT 's3cr3t', $tag$s3cr3t$tag$ -- s3cr3t", []),
        (b"SELECT 's3cr3t'", [b"s3cr3t"]),
    ],
)
def test_values_are_nowhere_unless_asked_for(link, sql, params):
    found = recorded(sql, params, link)
    assert "s3cr3t" not in repr(found)
    assert len(found.attrs["params"]) == 16
    with Recording(keep_values=True) as recording:
        end(begin(sql, params, link, None))
    assert "s3cr3t" in recording.trace.spans[0].attrs["values"]


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates())


@given(st.lists(VALUES, min_size=1), st.lists(VALUES, min_size=1))
def test_hashes_differ_where_parameters_do(first, second):
    link = Link("sqlite", "", "", 1, "test")
    hashes = [recorded("SELECT ?", params, link).attrs["params"] for params in (first, tuple(first), second)]
    assert hashes[0] == hashes[1]
    assert (hashes[0] == hashes[2]) == (repr(first) == repr(second))


class Refusing:
    """Raises whatever it is asked."""

    def refuse(self, *args):
        raise RuntimeError("not to be looked at")

    __len__ = __bool__ = __iter__ = __repr__ = __str__ = __getitem__ = __getstate__ = __reduce__ = refuse


@pytest.mark.parametrize(
    "params", [Refusing(), [Refusing()], {"a": Refusing()}, {Refusing(): 1}], ids=range(4)
)
@pytest.mark.parametrize("keep_values", [False, True])
def test_what_cannot_be_described_is_left_out(link, params, keep_values):
    with Recording(keep_values=keep_values) as recording:
        end(begin("SELECT ?", params, link, frame()), 1)
    (found,) = recording.trace.spans
    assert found.attrs["rows"] == 1


def test_a_statement_that_is_no_text(link):
    class Composed:
        def __str__(self):
            return "select 1"

    class Text(str):
        def upper(self):
            raise RuntimeError

    class Broken:
        def __str__(self):
            raise RuntimeError

    assert recorded(Composed(), None, link).name == "SELECT ?"
    assert recorded(Text("select 1"), None, link).name == "SELECT ?"
    assert recorded(memoryview(b"select 1"), None, link).name == "SELECT ?"
    assert recorded(Broken(), None, link).name == ""


def test_connecting_and_transactions(link):
    with Recording() as recording:
        leave(begin_connect("postgresql", "db.example:5432", "shop", frame()))
        end(begin_transaction("ROLLBACK", link, frame()))
    connect, rollback = recording.trace.spans
    assert (connect.kind, connect.name) == ("connect", "connect db.example:5432")
    assert connect.attrs == {
        "system": "postgresql",
        "host": "db.example:5432",
        "database": "shop",
        "library": "test_queries",
    }
    assert (rollback.kind, rollback.name) == ("transaction", "ROLLBACK")
    assert rollback.attrs["connection"] == 1
    assert {s.site.function for s in (connect, rollback)} == {"test_connecting_and_transactions"}


def test_a_query_under_way_when_its_recording_ends(link):
    with Recording() as recording:
        query = begin("SELECT 1", None, link, frame())
    end(query, 3, KeyError())
    (found,) = recording.trace.spans
    assert (found.error, found.end_ns) == ("unfinished", recording.trace.end_ns)


def test_a_catalogues_query_says_so(link):
    assert recorded("SELECT * FROM pg_catalog.pg_type", None, link).attrs["catalogue"] is True
    assert "catalogue" not in recorded("SELECT * FROM t", None, link).attrs


def test_one_query_is_one_object_of_a_known_size():
    """The record of a query in memory: its own fields only, everything else is shared."""
    assert sys.getsizeof(queries.Query("q")) <= 200
