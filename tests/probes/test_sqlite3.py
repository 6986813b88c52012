import contextlib
import copy
import itertools
import pickle
import sqlite3
import sys
import threading

import pytest

import perfkit
from perfkit.probes import sqlite3 as probe

FILE = "tests/probes/test_sqlite3.py"
SELECT = "SELECT id, name FROM t WHERE id > ?"


@pytest.fixture(autouse=True)
def watched():
    probe.install()
    yield
    probe.remove()


@pytest.fixture
def db(watched):
    """A connection to three rows, made and filled before anything is recorded."""
    connection = sqlite3.connect(":memory:")
    with connection:
        connection.execute("create table t (id integer primary key, name text)")
        connection.executemany("insert into t values (?, ?)", [(n, f"name {n}") for n in (1, 2, 3)])
    yield connection
    connection.close()


def queries(recording):
    return recording.trace.of_kind("query")


def the_query(recording):
    (found,) = queries(recording)
    return found


# What a span says


def test_a_query(db):
    with perfkit.record() as rec:
        answer = db.execute(SELECT, (1,)).fetchall()
    assert answer == [(2, "name 2"), (3, "name 3")]
    found = the_query(rec)
    assert found.name == SELECT
    assert (found.site.file, found.site.function) == (FILE, "test_a_query")
    number = found.attrs.pop("connection")
    assert isinstance(number, int)
    assert found.attrs == {
        "sql": SELECT,
        "params": found.attrs["params"],
        "system": "sqlite",
        "host": "",
        "database": ":memory:",
        "library": "sqlite3",
        "rows": 2,
        "transaction": False,
    }
    assert len(found.attrs["params"]) == 16
    assert found.error is None


def test_equal_parameters_have_equal_hashes_and_no_value_is_kept(db):
    secret = "s3cr3t-value"
    with perfkit.record() as rec:
        for value in (secret, secret, "other"):
            db.execute("SELECT 1 WHERE ? = 'literal-s3cr3t'", (value,))
            db.execute("SELECT 1 WHERE :v = 'literal-s3cr3t'", {"v": value})
    hashes = [s.attrs["params"] for s in queries(rec)]
    assert hashes[0] == hashes[2] != hashes[4]
    assert hashes[1] == hashes[3] != hashes[5]
    assert "s3cr3t" not in repr(rec.trace)


def test_values_are_kept_if_the_recording_asks_for_them(db):
    with perfkit.record(keep_values=True) as rec:
        db.execute(SELECT, ("s3cr3t",))
        db.executemany("INSERT INTO t (name) VALUES (?)", [("a",), ("b",)])
    assert [s.attrs["values"] for s in queries(rec)] == ["('s3cr3t',)", "[('a',), ('b',)]"]


def test_each_way_to_run_a_statement(db):
    with perfkit.record() as rec:
        cursor = db.cursor()
        assert cursor.execute("SELECT 1") is cursor
        assert cursor.executemany("INSERT INTO t (name) VALUES (?)", (("x",) for _ in range(2))) is cursor
        assert cursor.executescript("DELETE FROM t WHERE id = 4; SELECT 's3cr3t'") is cursor
        assert isinstance(db.execute("SELECT 2"), sqlite3.Cursor)
        assert isinstance(db.executemany("INSERT INTO t (name) VALUES (?)", [("y",)] * 3), sqlite3.Cursor)
        assert isinstance(db.executescript("SELECT 3"), sqlite3.Cursor)
    found = [(s.name, s.attrs.get("many"), s.attrs.get("rows")) for s in queries(rec)]
    assert found == [
        ("SELECT ?", None, None),
        ("INSERT INTO t (name) VALUES (?), ...", 0, 2),
        ("DELETE FROM t WHERE id = ?; SELECT ?", None, None),
        ("SELECT ?", None, None),
        ("INSERT INTO t (name) VALUES (?), ...", 3, 3),
        ("SELECT ?", None, None),
    ]
    assert {s.site.function for s in rec.trace.spans} == {"test_each_way_to_run_a_statement"}
    assert "s3cr3t" not in repr(rec.trace)


def test_rows_that_were_changed(db):
    with perfkit.record() as rec:
        db.execute("UPDATE t SET name = 'x' WHERE id > 1")
        db.execute("DELETE FROM t WHERE id = 9")
        db.execute("CREATE TABLE other (id)")
    assert [s.attrs.get("rows") for s in queries(rec)] == [2, 0, None]


def partly_iterated(cursor):
    return list(itertools.islice(cursor, 2))


def iterated_then_fetched(cursor):
    next(iter(cursor))
    return cursor.fetchall()


def fetched_then_iterated(cursor):
    cursor.fetchone()
    return list(cursor)


def iterated_twice(cursor):
    for _ in cursor:
        break
    return list(cursor)


@pytest.mark.parametrize(
    ("fetch", "rows"),
    [
        (lambda cursor: None, None),
        (lambda cursor: cursor.fetchone(), 1),
        (lambda cursor: [cursor.fetchone() for _ in range(9)], 3),
        (lambda cursor: cursor.fetchmany(2), 2),
        (lambda cursor: cursor.fetchmany(size=2) + cursor.fetchmany(9), 3),
        (lambda cursor: cursor.fetchall(), 3),
        (lambda cursor: cursor.fetchall() + cursor.fetchall(), 3),
        (list, 3),
        (partly_iterated, 2),
        (iterated_then_fetched, 3),
        (fetched_then_iterated, 3),
        (iterated_twice, 3),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_rows_are_counted_as_they_are_fetched(db, fetch, rows):
    plain = sqlite3.Connection(":memory:")
    db.backup(plain)
    with perfkit.record() as rec:
        assert fetch(db.execute(SELECT, (0,))) == fetch(plain.execute(SELECT, (0,)))
    plain.close()
    assert the_query(rec).attrs.get("rows") == rows


def test_rows_of_returning(db):
    with perfkit.record() as rec:
        assert db.execute("INSERT INTO t (name) VALUES ('a'), ('b') RETURNING id").fetchall() == [(4,), (5,)]
        assert list(db.execute("UPDATE t SET name = 'c' RETURNING id")) == [(n,) for n in range(1, 6)]
    assert [s.attrs["rows"] for s in queries(rec)] == [2, 5]


def test_rows_fetched_later_are_not_those_of_a_query_that_was_recorded(db):
    with perfkit.record() as rec:
        cursor = db.execute(SELECT, (0,))
        cursor.fetchone()
    cursor.execute(SELECT, (0,))
    assert len(cursor.fetchall()) == 3
    assert the_query(rec).attrs["rows"] == 1


def test_a_cursor_used_again_counts_for_its_last_query(db):
    cursor = db.cursor()
    with perfkit.record() as rec:
        for least in (0, 2):
            cursor.execute(SELECT, (least,))
            cursor.fetchall()
    assert [s.attrs["rows"] for s in queries(rec)] == [3, 1]


# Transactions


def test_transactions_as_sqlite3_begins_them(db):
    with perfkit.record() as rec:
        db.execute("SELECT 1")
        db.commit()  # nothing to commit
        db.rollback()
        db.execute("UPDATE t SET name = 'x'")
        db.execute("SELECT 2")
        db.commit()
        db.execute("UPDATE t SET name = 'y'")
        db.rollback()
    found = [(s.kind, s.name, s.attrs.get("transaction")) for s in rec.trace.spans]
    assert found == [
        ("query", "SELECT ?", False),
        ("query", "UPDATE t SET name = ?", True),
        ("query", "SELECT ?", True),
        ("transaction", "COMMIT", None),
        ("query", "UPDATE t SET name = ?", True),
        ("transaction", "ROLLBACK", None),
    ]
    assert rec.counts == {"query": 4, "transaction": 2}


def test_transactions_by_statement(db):
    db.isolation_level = None
    with perfkit.record() as rec:
        for statement in ("BEGIN", "UPDATE t SET name = 'x'", "SAVEPOINT s", "RELEASE s", "COMMIT"):
            db.execute(statement)
        db.execute("UPDATE t SET name = 'y'")
    assert [(s.kind, s.attrs["transaction"]) for s in rec.trace.spans] == [
        *(("transaction", True), ("query", True), ("transaction", True), ("transaction", True)),
        *(("transaction", False), ("query", False)),
    ]


def test_with_a_connection(db):
    with perfkit.record() as rec:
        with db as entered:
            assert entered is db
            db.execute("UPDATE t SET name = 'x'")
        with contextlib.suppress(KeyError), db:
            db.execute("UPDATE t SET name = 'y'")
            raise KeyError
        with db:
            db.execute("SELECT 1")
    found = rec.trace.of_kind("transaction")
    assert [s.name for s in found] == ["COMMIT", "ROLLBACK"]
    assert [s.site.function for s in found] == ["test_with_a_connection"] * 2
    assert db.execute("SELECT DISTINCT name FROM t").fetchall() == [("x",)]


def test_a_commit_that_fails(tmp_path):
    first, second = (sqlite3.connect(tmp_path / "shop.db", timeout=0) for _ in range(2))
    first.execute("CREATE TABLE t (id)")
    first.execute("BEGIN")
    first.execute("SELECT * FROM t").fetchall()
    with perfkit.record() as rec:
        second.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            second.commit()
    assert [(s.name, s.error) for s in rec.trace.of_kind("transaction")] == [("COMMIT", "OperationalError")]
    first.close()
    second.close()


@pytest.mark.skipif(
    not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"), reason="autocommit came with Python 3.12"
)
def test_a_commit_that_does_nothing_is_none():
    connection = sqlite3.connect(":memory:", autocommit=True)
    with perfkit.record() as rec:
        connection.execute("BEGIN")
        connection.commit()
        connection.execute("COMMIT")
    assert [s.name for s in rec.trace.spans] == ["BEGIN", "COMMIT"]
    connection.close()


# Errors


def test_errors_pass_untouched(db):
    plain = sqlite3.Connection(":memory:")
    with perfkit.record() as rec:
        for connection in (db, plain):
            with pytest.raises(sqlite3.OperationalError, match="no such table: missing") as caught:
                connection.execute("SELECT * FROM missing")
            assert (caught.value.__cause__, caught.value.__context__) == (None, None)
            with pytest.raises(sqlite3.ProgrammingError, match="one statement at a time"):
                connection.execute("SELECT 1; SELECT 2")
            with pytest.raises(TypeError):
                connection.execute()
            with pytest.raises(sqlite3.ProgrammingError):
                connection.execute("SELECT ?", 5)
            with pytest.raises(sqlite3.ProgrammingError, match="number of bindings"):
                connection.execute("SELECT ?, ?", (1,))
            with pytest.raises(sqlite3.OperationalError, match="syntax error"):
                connection.executescript("SELEC 1")
            with pytest.raises(sqlite3.ProgrammingError, match="DML"):
                connection.executemany("SELECT ?", [(1,)])
            connection.close()
            with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
                connection.execute("SELECT 1")
            with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
                connection.commit()
    errors = [s.error for s in rec.trace.spans]
    assert errors == [
        *("OperationalError", "ProgrammingError", "ProgrammingError", "ProgrammingError"),
        *("OperationalError", "ProgrammingError"),
    ]


def test_parameters_that_let_nobody_look_are_the_programs_own_affair(db):
    class Shy(dict):
        def __getitem__(self, key):
            return 2

        def __contains__(self, key):
            return True

        def __len__(self):
            raise ValueError

        items = keys = values = __iter__ = __repr__ = __len__

    with perfkit.record(keep_values=True) as rec:
        assert db.execute("SELECT name FROM t WHERE id = :id", Shy()).fetchall() == [("name 2",)]
    assert the_query(rec).attrs["rows"] == 1


def test_a_cursor_that_was_never_initialised(db):
    class Forgetful(sqlite3.Cursor):
        def __init__(self, connection):
            pass

    with perfkit.record(), pytest.raises(sqlite3.ProgrammingError, match="__init__"):
        db.cursor(Forgetful).execute("SELECT 1")


# The caller's own classes


class Shop(sqlite3.Connection):
    """Makes cursors of its own, and uses names that a probe could want as well."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.row_factory = sqlite3.Row
        self.log = []

    def cursor(self):
        return super().cursor(Logged)

    def _link(self):
        return "own"

    def _finish(self):
        return "own"

    def commit(self):
        self.log.append("commit")
        super().commit()


class Logged(sqlite3.Cursor):
    """Overrides what it can."""

    _opened = "own"

    def execute(self, sql, *args):
        self.connection.log.append(sql)
        return super().execute(sql, *args)

    def fetchall(self):
        return [dict(row) for row in self]


def test_factories():
    def used(connection):
        found = [
            isinstance(connection, Shop),
            type(connection).__name__,
            type(connection).__module__,
            isinstance(connection.execute("SELECT 1 AS one"), Logged),
            [tuple(row) for row in connection.execute("SELECT 1 AS one").fetchall()],
        ]
        cursor = connection.cursor()
        found += [isinstance(cursor, Logged), cursor._opened, connection._link(), connection._finish()]
        cursor.execute("CREATE TABLE t (id)")
        cursor.execute("INSERT INTO t VALUES (?)", (1,))
        connection.commit()
        found += [cursor.execute("SELECT * FROM t").fetchall(), connection.log]
        connection.close()
        return found

    with perfkit.record() as rec:
        watched = sqlite3.connect(":memory:", factory=Shop)
        assert used(watched) == used(Shop(":memory:"))
    assert [(s.kind, s.name, s.attrs.get("rows")) for s in rec.trace.spans] == [
        ("connect", "connect :memory:", None),
        ("query", "SELECT ? AS one", None),
        ("query", "SELECT ? AS one", 1),
        ("query", "CREATE TABLE t (id)", None),
        ("query", "INSERT INTO t VALUES (?), ...", 1),
        ("transaction", "COMMIT", None),
        ("query", "SELECT * FROM t", 1),
    ]


def test_cursors_that_iterate_in_their_own_way():
    class Generating(sqlite3.Cursor):
        def __iter__(self):
            while (row := self.fetchone()) is not None:
                yield ("generated", *row)

    class Stepping(sqlite3.Cursor):
        def __next__(self):
            return ("stepped", *super().__next__())

    connection = sqlite3.connect(":memory:")
    plain = sqlite3.Connection(":memory:")
    with perfkit.record() as rec:
        for kind in (Generating, Stepping):
            ways = [list(each.cursor(kind).execute("VALUES (1), (2)")) for each in (connection, plain)]
            assert ways[0] == ways[1]
            assert len(ways[0]) == 2
    assert [s.attrs["rows"] for s in queries(rec)] == [2, 2]
    connection.close()
    plain.close()


def test_a_factory_by_its_place_and_one_for_cursors():
    class Cursor(sqlite3.Cursor):
        pass

    warned = pytest.warns(DeprecationWarning, match="positional argument")
    with warned if sys.version_info >= (3, 13) else contextlib.nullcontext():
        connection = sqlite3.connect(":memory:", 5.0, 0, None, True, Shop)
    assert isinstance(connection, Shop)
    connection.close()
    connection = sqlite3.connect(":memory:")
    with perfkit.record() as rec:
        for cursor in (connection.cursor(Cursor), connection.cursor(factory=Cursor)):
            assert isinstance(cursor, Cursor)
            assert type(cursor).__name__ == "Cursor"
            cursor.execute("SELECT 1")
        assert type(connection.cursor(Cursor)) is type(connection.cursor(Cursor))
    assert rec.counts["query"] == 2
    connection.close()


def test_classes_that_cannot_be_watched_work_all_the_same():
    class Final(sqlite3.Connection):
        def __init_subclass__(cls):
            raise TypeError("final")

    def function(*args, **kwargs):
        return sqlite3.Connection(*args, **kwargs)

    class Unhashable:
        __hash__ = None

        def __call__(self, *args, **kwargs):
            return sqlite3.Connection(*args, **kwargs)

    for factory in (Final, function, Unhashable()):
        connection = sqlite3.connect(":memory:", factory=factory)
        assert connection.execute("SELECT 1").fetchall() == [(1,)]
        connection.close()

    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor(lambda connection: sqlite3.Cursor(connection))
    assert type(cursor) is sqlite3.Cursor
    for wrong in (None, lambda connection: None, int):
        with pytest.raises(TypeError):
            connection.cursor(wrong)
    connection.close()


def test_slots_of_the_callers_classes():
    class Slotted(sqlite3.Cursor):
        __slots__ = ("own",)

    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor(Slotted)
    cursor.own = 1
    with perfkit.record() as rec:
        cursor.execute("SELECT 1")
    assert rec.counts["query"] == 1
    connection.close()


# The library's own features


def test_rows_blobs_converters_and_functions():
    connection = sqlite3.connect(":memory:", detect_types=sqlite3.PARSE_DECLTYPES)

    class Point:
        def __init__(self, x):
            self.x = x

    sqlite3.register_adapter(Point, lambda point: f"{point.x}")
    sqlite3.register_converter("point", lambda data: Point(int(data)))
    connection.row_factory = sqlite3.Row
    connection.create_function("double", 1, lambda x: 2 * x)
    with perfkit.record() as rec:
        connection.execute("CREATE TABLE t (p point, data blob)")
        connection.execute("INSERT INTO t VALUES (?, ?)", (Point(5), b"\x00" * 100_000))
        row = connection.execute("SELECT p, data, double(2) AS four FROM t").fetchone()
        assert (row["p"].x, len(row["data"]), row["four"]) == (5, 100_000, 4)
        with connection.blobopen("t", "data", 1) as blob:
            blob.write(b"x")
        assert len(list(connection.iterdump())) >= 3
    inserted = queries(rec)[1]
    assert inserted.attrs["rows"] == 1
    assert all(len(s.attrs["params"]) in (0, 16) for s in queries(rec))
    connection.close()


def test_a_databases_name_is_kept_and_not_its_way_nor_its_options(tmp_path):
    secret = tmp_path / "s3cr3t-folder"
    secret.mkdir()
    path = secret / "shop.db"
    uris = (f"file:{path}?mode=rwc&key=s3cr3t", "file:memory-name?mode=memory&cache=shared&password=s3cr3t")
    with perfkit.record() as rec:
        connections = [sqlite3.connect(str(path)), sqlite3.connect(path), sqlite3.connect(bytes(path))]
        connections += [sqlite3.connect(uri, uri=True) for uri in uris]
        connections += [sqlite3.connect(database=":memory:"), sqlite3.connect("")]
        for connection in connections:
            connection.execute("SELECT 1")
            connection.close()
    names = ["shop.db", "shop.db", "shop.db", "shop.db", "memory-name", ":memory:", ""]
    assert [s.attrs["database"] for s in rec.trace.of_kind("connect")] == names
    assert [s.attrs["database"] for s in queries(rec)] == names
    assert "s3cr3t" not in repr(rec.trace)


def test_each_connection_has_a_number():
    connections = [sqlite3.connect(":memory:") for _ in range(2)]
    with perfkit.record() as rec:
        for connection in connections * 2:
            connection.execute("SELECT 1")
    numbers = [s.attrs["connection"] for s in queries(rec)]
    assert numbers[:2] == numbers[2:]
    assert len(set(numbers)) == 2
    for connection in connections:
        connection.close()


def test_a_connection_that_cannot_be_made(tmp_path):
    with perfkit.record() as rec:
        with pytest.raises(sqlite3.OperationalError):
            sqlite3.connect(tmp_path / "missing" / "shop.db")
        with pytest.raises(TypeError):
            sqlite3.connect()
        with pytest.raises(TypeError):
            sqlite3.connect(":memory:", nonsense=1)
    assert [(s.kind, s.error) for s in rec.trace.spans][:1] == [("connect", "OperationalError")]
    assert {s.error for s in rec.trace.spans} == {"OperationalError", "TypeError"}


def test_connections_used_in_threads():
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    strict = sqlite3.connect(":memory:")
    caught = []

    def work():
        connection.execute("SELECT 1").fetchall()
        try:
            strict.execute("SELECT 1")
        except sqlite3.ProgrammingError as error:
            caught.append(str(error))

    with perfkit.record() as rec, perfkit.span("root"):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
    assert "can only be used in that same thread" in caught[0]
    root, first, *_ = rec.trace.spans
    assert (first.parent, first.attrs["rows"]) == (root.id, 1)
    assert first.thread != root.thread
    connection.close()
    strict.close()


# Watching


def test_it_is_put_back_by_identity():
    probe.remove()
    before = sqlite3.connect, sqlite3.dbapi2.connect
    probe.install()
    probe.install()
    assert sqlite3.connect is sqlite3.dbapi2.connect is not before[0]
    assert sqlite3.connect.__wrapped__ is before[0]
    probe.remove()
    probe.remove()
    assert (sqlite3.connect, sqlite3.dbapi2.connect) == before


def test_open_connections_go_on_unwatched(db):
    probe.remove()
    with perfkit.record(probes=()) as rec:
        assert db.execute(SELECT, (0,)).fetchone() == (1, "name 1")
    assert rec.counts["query"] == 0
    assert db.execute(SELECT, (0,)).fetchone() == (1, "name 1")


def test_a_watched_connection_is_one():
    watched, plain = sqlite3.connect(":memory:"), sqlite3.Connection(":memory:")
    assert isinstance(watched, sqlite3.Connection)
    assert isinstance(watched.cursor(), sqlite3.Cursor)
    assert watched.cursor().connection is watched
    for connection in (watched, plain):
        for do in (pickle.dumps, copy.copy):
            with pytest.raises(TypeError, match="cannot pickle"):
                do(connection)
        assert connection.execute("SELECT 1").description[0][0] == "1"
        connection.close()


def test_nothing_is_recorded_outside(db):
    cursor = db.execute(SELECT, (0,))
    assert [cursor.fetchone(), *cursor] == [(1, "name 1"), (2, "name 2"), (3, "name 3")]
    with db:
        db.execute("UPDATE t SET name = 'x'")
    assert db.executemany("INSERT INTO t (name) VALUES (?)", [("a",)]).rowcount == 1
    db.rollback()


def test_a_loop_of_queries_costs_no_memory_once_it_is_over(db):
    cursor = db.cursor()
    with perfkit.record(max_spans=5) as rec:
        for n in range(50):
            cursor.execute(SELECT, (n,))
    assert len(rec.trace.spans) == 5
    assert rec.trace.dropped == 45


def test_what_c_code_calls_needs_no_caller(db):
    greenlet = pytest.importorskip("greenlet")

    def in_c(function, *arguments):
        return greenlet.greenlet(function).switch(*arguments)

    with perfkit.record():
        other = in_c(sqlite3.connect, ":memory:")
        assert in_c(other.execute, "SELECT 1").fetchone() == (1,)
        in_c(other.executescript, "CREATE TABLE t (x); BEGIN")
        assert in_c(other.executemany, "INSERT INTO t VALUES (?)", [(1,), (2,)]).rowcount == 2
        in_c(other.commit)
        in_c(other.rollback)
        in_c(other.__exit__, None, None, None)
        other.close()


def test_methods_that_are_the_outermost_function_of_their_stack(db):
    """Nobody called them but C: there is no frame to look at."""
    greenlet = pytest.importorskip("greenlet")
    cursor = db.cursor()

    def outermost(method, *arguments):
        return greenlet.greenlet(method).switch(*arguments)

    with perfkit.record():
        assert outermost(cursor.execute, SELECT, (2,)).fetchall() == [(3, "name 3")]
        assert outermost(db.execute, SELECT, (2,)).fetchall() == [(3, "name 3")]
        outermost(db.executemany, "INSERT INTO t (name) VALUES (?)", [("a",)])
        outermost(db.commit)
        outermost(db.executescript, "INSERT INTO t (name) VALUES ('b')")
        outermost(db.rollback)
        outermost(sqlite3.connect, ":memory:").close()
