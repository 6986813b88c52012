import pytest

from perfkit.fingerprints import sql
from perfkit.fingerprints.sql import describe_sql


@pytest.mark.parametrize(
    ("text", "template"),
    [
        # texts
        ("select 'a', '', 'it''s', '-- no', '/*'", "SELECT ?, ?, ?, ?, ?"),
        ("select E'it\\'s', e'', N'a', x'ff', B'01', U&'\\0041'", "SELECT ?, ?, ?, ?, ?, ?"),
        ("select $$it's$$, $tag$ $$ $tag$, $$$$", "SELECT ?, ?, ?"),
        ("select 'it\\'s' from t where a = 'b'", "SELECT ? FROM t WHERE a = ?"),
        ("select 'C:\\' from t where a = 'b'", "SELECT ? FROM t WHERE a = ?"),
        ("select 'a\\\\', 'b'", "SELECT ?, ?"),
        ('select "it\\"s" from t', "SELECT ? FROM t"),
        ("select _utf8mb4'abc'", "SELECT _utf8mb4 ?"),
        ("select DATE '2024-01-31' - INTERVAL '1 day'", "SELECT DATE ? - INTERVAL ?"),
        ("select now() - interval 1 DAY", "SELECT now() - INTERVAL ? DAY"),
        # what has no end
        ("select 'abc", "SELECT ?"),
        ("select a, E'abc\\' from t", "SELECT a, ?"),
        ("select $$abc from t", "SELECT ?"),
        ("select $tag$abc$other$ from t", "SELECT ?"),
        ('select a, "abc from t', "SELECT a, ?"),
        ("select a /* b from t", "SELECT a"),
        ("select a /* /* b */ from t", "SELECT a FROM t"),
        # a backslash that makes sense in both dialects
        ("select '\\'', N'-- b'", "SELECT ?"),
        # numbers
        ("select 1, 1.5, .5, 5., 1e5, 1E-10, 1.5e+3, 0xFF, 1_000", "SELECT " + ", ".join("?" * 9)),
        ("select -1, - 1, +1, - -1, a - 1, a -1, a - -1, -a", "SELECT ?, ?, ?, ?, a - ?, a - ?, a - ?, - a"),
        (
            "select a from t where b = -1 and c between -1 and +1",
            "SELECT a FROM t WHERE b = ? AND c BETWEEN ? AND ?",
        ),
        ("select t.c1, t1.c, a.5", None),
        # placeholders
        ("select ?, ?1, $1, $name, %s, %(name)s, :name, :1, @p1, %b", "SELECT " + ", ".join("?" * 10)),
        (
            "select a from t where b=? and c=$1 and d=:d and e=%s",
            "SELECT a FROM t WHERE b = ? AND c = ? AND d = ? AND e = ?",
        ),
        ("select $1::int, :a::text, b::int[]", "SELECT ?::int, ?::text, b::int[]"),
        ("select a[1], a[1:2], a[lo:hi], a[:2], a[$1]", "SELECT a[?], a[? : ?], a[lo : hi], a[: ?], a[?]"),
        ("select a % s, a %% 2, a%s", "SELECT a % s, a %% ?, a % s"),
        ("where a like ?||'%' and b=?|1", "WHERE a LIKE ? || ? AND b = ? | ?"),
        # operators
        (
            "select a->'b'->>'c', a#>'{b}', a#>>'{b}', a#-'{b}'",
            "SELECT a -> ? ->> ?, a #> ?, a #>> ?, a #- ?",
        ),
        (
            "select a ? 'b', a ?| array['b'], a ?& c, a@>b, a<@b",
            "SELECT a ? ?, a ?| ARRAY[?, ...], a ?& c, a @> b, a <@ b",
        ),
        ("select a<=b, a>=b, a<>b, a!=b, a==b, a~*b, a!~b, a&&b", None),
        # TRUE, FALSE and NULL
        (
            "where a = true and b is true and c is not false and d is null",
            "WHERE a = ? AND b IS TRUE AND c IS NOT FALSE AND d IS NULL",
        ),
        ("update t set a = null, b = default", "UPDATE t SET a = NULL, b = DEFAULT"),
        ("insert into t values (null, true, default)", "INSERT INTO t VALUES (?, ?, DEFAULT), ..."),
        # lists
        (
            "where a in (1) and b in (1, 2) and c not in ('a', 'b')",
            "WHERE a IN (?, ...) AND b IN (?, ...) AND c NOT IN (?, ...)",
        ),
        ("where (a, b) in ((1, 2), (3, 4))", "WHERE (a, b) IN ((?, ?), ...)"),
        ("where a in ($1::int, $2::int)", "WHERE a IN (?::int, ...)"),
        ("where a in (lower($1), lower($2), $3)", "WHERE a IN (lower(?), ?, ...)"),
        (
            "where a in () or a in (b) or a in (b, b) or a in (b, 1)",
            "WHERE a IN () OR a IN (b) OR a IN (b, b) OR a IN (b, ?, ...)",
        ),
        ("where a in (1, null)", "WHERE a IN (?, NULL, ...)"),
        (
            "where a in (select b from t where c = 1 group by d, d)",
            "WHERE a IN (SELECT b FROM t WHERE c = ? GROUP BY d, d)",
        ),
        ("where a in (values (1), (2))", "WHERE a IN (VALUES (?), ...)"),
        ("where a in %s and b = any(%s)", "WHERE a IN ? AND b = ANY(?)"),
        (
            "select array[1, 2], array[[1, 2], [3, 4]], ARRAY['a']",
            "SELECT ARRAY[?, ...], ARRAY[[?, ...], ...], ARRAY[?, ...]",
        ),
        ("select f(1, 2, 3), (1, 2)", "SELECT f(?, ?, ?), (?, ?)"),
        # rows
        (
            "insert into t (a, b) values (1, 'x'), (2, 'y'), (3, 'z')",
            "INSERT INTO t (a, b) VALUES (?, ?), ...",
        ),
        ("insert into t values (1) returning id", "INSERT INTO t VALUES (?), ... RETURNING id"),
        ("insert into t values (1, now()), (2, now())", "INSERT INTO t VALUES (?, now()), ..."),
        ("insert into t values (1), (default), (2)", "INSERT INTO t VALUES (?), (DEFAULT), ..."),
        (
            "insert into t values (1) on duplicate key update a = values(a), b = 2",
            "INSERT INTO t VALUES (?), ... ON DUPLICATE KEY UPDATE a = VALUES (a), b = ?",
        ),
        (
            "select * from (values (1, 'a'), (2, 'b')) as v (x, y)",
            "SELECT * FROM (VALUES (?, ?), ...) AS v(x, y)",
        ),
        (
            "insert into t values ((select max(a) from (values (1), (2)) v), 2), (3, 4), (5, 6)",
            "INSERT INTO t VALUES ((SELECT max(a) FROM (VALUES (?), ...) v), ?), (?, ?), ...",
        ),
        # names
        (
            'select "a"."b", `c`.`d e`, [f g].[h] from "x y"',
            'SELECT "a"."b", `c`.`d e`, [f g].[h] FROM "x y"',
        ),
        ('select "x y", "x y"."z", a as "x y"', 'SELECT ?, "x y"."z", a AS "x y"'),
        (
            'select a from t where b = "two words" and "c" = "d@e.test"',
            'SELECT a FROM t WHERE b = ? AND "c" = ?',
        ),
        (
            "select * from orders_2024_01, tenant_17_orders, 2024_orders, Größe",
            "SELECT * FROM orders_2024_01, tenant_17_orders, ?, Größe",
        ),
        ("select * from 2024_orders", "SELECT * FROM 2024_orders"),
        ("select t . a, t.*, count( * )", "SELECT t.a, t.*, count(*)"),
        ("select Start, commit, key, index from comment order by first", None),
        ("select t.select, t . limit from t", "SELECT t.select, t.limit FROM t"),
        # names that libraries number
        ('savepoint "s140735_x2"', "SAVEPOINT ?"),
        ("release savepoint sa_savepoint_3", "RELEASE SAVEPOINT ?"),
        ('rollback to "_pg3_1"', "ROLLBACK TO ?"),
        (
            'declare "_django_curs_140_sync_1" no scroll cursor for select 1',
            "DECLARE ? no scroll cursor FOR SELECT ?",
        ),
        ('fetch forward 5 from "c_7f3a5d_2"', "FETCH forward ? FROM ?"),
        ("deallocate __asyncpg_stmt_1f__", "DEALLOCATE ?"),
        ("savepoint mine_1", "SAVEPOINT mine_1"),
        # comments, space, scripts
        ("select/* a */1--b\n, 2 # c\n, 3 /* d /* e */ */", "SELECT ?, ?, ?"),
        ("/*+ hint */ select /*! 1 */ 2", "SELECT ?"),
        ("begin; select 1 ;; commit; ", "BEGIN; SELECT ?;; COMMIT"),
        ("select\r\n\t1\x00 ;\x0c", "SELECT ?"),
        # nothing
        ("", ""),
        (" ; ", ""),
        ("-- none", ""),
        ("\ud800\u200b\U0001f600", ""),
    ],
)
def test_templates(text, template):
    spaced = {"select t.c1, t1.c, a.5": "SELECT t.c1, t1.c, a.?"}
    spaced["select a<=b, a>=b, a<>b, a!=b, a==b, a~*b, a!~b, a&&b"] = (
        "SELECT a <= b, a >= b, a <> b, a != b, a == b, a ~* b, a !~ b, a && b"
    )
    spaced["select Start, commit, key, index from comment order by first"] = (
        "SELECT Start, commit, key, index FROM comment ORDER BY first"
    )
    template = spaced[text] if template is None else template
    assert describe_sql(text).template == template
    assert describe_sql(template).template == template


DIFFERENT = [
    *["select a from t", "select b from t", "select A from t", 'select "a" from t', "select t.a from t"],
    *[
        "select a from T",
        "select a from t u",
        "select a b from t",
        "select a as b from t",
        "select distinct a from t",
    ],
    *["select a, a from t", "select f(1) from t", "select f(1, 2) from t", "select a from t where b = 1"],
    *["select a from t where b > 1", "select a from t where b = 1 and b = 1", "select a from t where b = c"],
    *[
        "select a from t where b is null",
        "select a from t where b is not null",
        "select a from t where b = 1 or b = 1",
    ],
    *[
        "select a from t where b in (1)",
        "select a from t where b not in (1)",
        "select a from t where b = any($1)",
    ],
    *["select a from t limit 1", "select a from t limit 1 offset 1", "select a from t order by a"],
    *["select a from t order by a desc", "select a from t order by a asc", "select a from t for update"],
    *[
        "select a from t left join u",
        "select a from t join u",
        "select a::int from t",
        "select a::text from t",
    ],
    *["select a - 1 from t", "select a + 1 from t", "select a, - b from t", "select a - b from t"],
    *["select orders_1.a from t", "select orders_2.a from t", "insert into t (a) values (1)"],
    *["insert into t (a, b) values (1, 2)", "insert into t values (1)", "insert into t values (1, 2)"],
    *[
        "select a from t where b is true",
        "select a from t where b is false",
        "select a from t where b = null",
    ],
    *["savepoint a", "savepoint b", "rollback", "rollback to a", "delete from t", "update t set a = 1"],
]


def test_different_statements_never_merge():
    templates = [describe_sql(text).template for text in DIFFERENT]
    assert len(set(templates)) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("text", "verb"),
    [
        ("select 1", "SELECT"),
        ("(select 1) union (select 2)", "SELECT"),
        ("/* a */ Insert into t values (1)", "INSERT"),
        ("replace into t values (1)", "REPLACE"),
        ("with a as (select 1) select * from a", "SELECT"),
        ("with recursive a (x) as (insert into t values (1) returning 1) update t set a = 1", "UPDATE"),
        ("with a as (select 1), b as (delete from t) insert into t select * from b", "INSERT"),
        ("begin immediate", "BEGIN"),
        ("start transaction read only", "BEGIN"),
        ("end", "COMMIT"),
        ("abort", "ROLLBACK"),
        ("rollback to savepoint a", "ROLLBACK"),
        ("release a", "RELEASE"),
        ("begin; delete from t; commit", "DELETE"),
        ("commit; begin", "COMMIT"),
        ("explain analyze select 1", "EXPLAIN"),
        ("desc t", "DESCRIBE"),
        ("pragma foreign_keys = on", "PRAGMA"),
        ("call f(1)", "CALL"),
        ("copy t from stdin", "COPY"),
        ("set search_path to a", "SET"),
        ("values (1)", "VALUES"),
        ("create table t (a int)", "CREATE"),
        ("nonsense", ""),
        ("'begin'", ""),
        ("", ""),
    ],
)
def test_verbs(text, verb):
    assert describe_sql(text).verb == verb


@pytest.mark.parametrize(
    ("text", "tables"),
    [
        ("select 1", ()),
        ("select * from a", ("a",)),
        ("select * from a, b as x, c y where d in (1, 2)", ("a", "b", "c")),
        ("select * from a join b using (id) left join c on a.x = f(b.y, 1) cross join a", ("a", "b", "c")),
        ('select * from "public"."a b", `c`.`d`, [e f], g . h', ("public.a b", "c.d", "e f", "g.h")),
        ("select * from (select * from a where b in (select c from d)) x, e", ("a", "d", "e")),
        ("select extract(year from b), trim(both from c) from a where d is distinct from e", ("a",)),
        ("select * from generate_series(1, 2), lateral f(a), only b", ("b",)),
        (
            "with x as (select * from a), y (i, j) as not materialized (select 1) select * from x, y, b",
            ("a", "b"),
        ),
        ("insert into a (b, c) select d, e from f on conflict do update set g = 1", ("a", "f")),
        ("insert into a values (1) on duplicate key update b = 1", ("a",)),
        ("update only a set b = c.d from c where e = 1", ("a", "c")),
        ("update a, b set a.c = b.c", ("a", "b")),
        ("delete from a using b where c", ("a", "b")),
        ("merge into a using b on c when matched then update set d = 1", ("a", "b")),
        ("select a from b for update of c skip locked", ("b",)),
        ("create table if not exists a (b int references c (d))", ("a",)),
        ("drop table if exists a", ("a",)),
        ("truncate a", ("a",)),
        ("copy a (b, c) from stdin", ("a",)),
        ("select * from orders_2024_01", ("orders_2024_01",)),
        ("select * from pragma_table_info('a')", ("pragma_table_info",)),
        ("select * from ?", ()),
        ("show tables from a", ()),
    ],
)
def test_tables(text, tables):
    assert describe_sql(text).tables == tables


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("select * from t", "query"),
        ("begin", "transaction"),
        ("savepoint a", "transaction"),
        ("release savepoint a", "transaction"),
        ("set transaction isolation level serializable", "transaction"),
        ("set autocommit = 0", "transaction"),
        ("set names utf8", "query"),
        ("begin; update t set a = 1; commit", "query"),
        ("select * from sqlite_master", "catalogue"),
        ("select * from main.sqlite_schema", "catalogue"),
        ("select * from pg_catalog.pg_class join pg_type on true", "catalogue"),
        ("select * from information_schema.columns", "catalogue"),
        ("select * from pg_class, users", "query"),
        ("pragma main.table_info(users)", "catalogue"),
        ("select * from pragma_table_info('users')", "catalogue"),
        ("show server_version", "catalogue"),
        ("describe users", "catalogue"),
        ("select pg_catalog.version()", "catalogue"),
        ("select current_schema()", "catalogue"),
        ("select @@sql_mode", "catalogue"),
        ("select a::pg_catalog.int4 from t", "query"),
        ("", "query"),
    ],
)
def test_kinds(text, kind):
    assert describe_sql(text).kind == kind


@pytest.mark.parametrize(
    ("text", "limit", "offset", "lists"),
    [
        ("select a from t", False, False, False),
        ("select a from t limit 5", True, False, False),
        ("select a from t limit 5 offset 10", True, True, False),
        ("select a from t limit 10, 5", True, True, False),
        ("select a from t fetch first 5 rows only", True, False, False),
        ("select a from t offset 5 rows", False, True, False),
        ("select a from (select b from t limit 1 offset 1) x", False, False, False),
        ("fetch forward 5 from c", False, False, False),
        ("select a from t where b in (1)", False, False, True),
        ("select a from t where b in %s", False, False, True),
        ("select a from t where b = any($1::int[])", False, False, True),
        ("select a from t where b in (select c from u) and d = any(e)", False, False, False),
        ("select array[1, 2]", False, False, False),
        ("select a from t where b in (select value from openjson(@ids))", False, False, True),
        ("select a from unnest($1::int[]) u join t on t.a = u.a", False, False, True),
        ("select a from t inner join @ids i on i.id = t.id", False, False, True),
        ("select a from t where find_in_set(b, ?)", False, False, True),
        ("insert into t select * from jsonb_to_recordset($1) as x(a int)", False, False, True),
        ("insert into t format JSONEachRow", False, False, True),
        ("select a from t where has = ?", False, False, False),
    ],
)
def test_limits_and_lists(text, limit, offset, lists):
    found = describe_sql(text)
    assert (found.limit, found.offset, found.lists) == (limit, offset, lists)


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("select a from t where b = 1", 0),
        ("select a from t where b in (1)", 1),
        ("select a from t where b in (%s, %s, %s) and c = 5", 3),
        ("select a from t where b in (1, 2) and c in (1, 2, 3)", 3),
        ("select a from t where b in (select c from d)", 0),
        ("insert into t (a, b) values (1, 2)", 1),
        ("insert into t (a, b) values (1, 2), (3, 4) , (5, 6)", 3),
        ("select a from t where b = any($1)", 0),
    ],
)
def test_how_long_lists_are(text, listed):
    assert describe_sql(text).listed == listed


@pytest.mark.parametrize(
    ("text", "ranged"),
    [
        ("select a from t where b > ? order by b limit 10", True),
        ("select a from t where (b, c) > (?, ?) limit 10", True),
        ("select a from t where b between ? and ?", True),
        ("select a from t where b = ?", False),
        ("select a from t where b < c", False),
    ],
)
def test_ranges(text, ranged):
    assert describe_sql(text).ranged == ranged


@pytest.mark.parametrize("count", [1, 2, 3, 1000, 100_000])
def test_lists_of_any_length(count):
    numbers = ", ".join(map(str, range(count)))
    assert (
        describe_sql(f"select 1 where a in ({numbers}) limit 1").template
        == "SELECT ? WHERE a IN (?, ...) LIMIT ?"
    )
    names = ", ".join(f"'name {n}'" for n in range(count))
    assert describe_sql(f"select array[{names}]").template == "SELECT ARRAY[?, ...]"
    rows = ", ".join(f"({n}, 'it''s', NULL, -1.5)" for n in range(count))
    expected = "INSERT INTO t VALUES (?, ?, ?, ?), ... RETURNING id"
    assert describe_sql(f"insert into t values {rows} returning id").template == expected


BIG = 20_000


@pytest.mark.parametrize(
    "part",
    [
        *[
            "(",
            "[",
            "ARRAY[",
            "'",
            '"',
            "`",
            "\\'",
            "'\\' ",
            "/*",
            "/* /* */ ",
            "--",
            "#",
            "$",
            "$a$",
            ".",
            "a.",
        ],
        *[
            "- ",
            "-+",
            "a in (",
            "a in (1, ",
            "values (1), (2), ",
            "values (1, (",
            "(1, f(2)), ",
            "%(",
            "E'\\",
            "é",
        ],
        *[
            "a as (select 1), ",
            ") as (",
            "from a, ",
            "begin;",
            ":",
            "?|",
            "1e",
            "...",
            "[a ",
            "u&",
            '"a".',
            "c_a",
            "\x00",
        ],
    ],
)
def test_time_grows_with_the_text_only(part):
    for start in ("", "with a in (", "insert into t values "):
        assert describe_sql(start + part * BIG).template.isprintable()


def test_what_is_too_long_to_be_read_is_cut_off():
    cut = describe_sql("select " + "a + b, " * BIG)
    assert cut.template.startswith("SELECT a + b, a + b, ")
    assert cut.template.endswith(" ...")
    calls = ", ".join(["(f(1), 2)"] * BIG)
    assert describe_sql(f"insert into t values {calls}").template == "INSERT INTO t VALUES (f(?), ?), ..."
    assert describe_sql(f"select a in ({calls})").template == "SELECT a IN ((f(?), ?), ..."


def test_different_names_are_told_apart_where_many_are_distinct():
    entries = ", ".join(f"?::t{n}" for n in range(50))
    assert describe_sql(f"select a in ({entries}, {entries})").template == f"SELECT a IN ({entries}, ...)"


def test_statements_are_remembered_within_limits(monkeypatch):
    kept = sql._Kept()
    assert kept["select 1"] is kept["select 1"]
    long = "select '" + "x" * sql.LONG + "'"
    assert kept[long] is not kept[long]
    assert len(kept) == 1
    monkeypatch.setattr(sql, "MAX_KEPT", 10)
    for number in range(100):
        assert kept[f"select a{number}"].template == f"SELECT a{number}"
        assert len(kept) <= 10
    assert f"select a{99}" in kept
    monkeypatch.setattr(sql, "MAX_KEPT_CHARACTERS", 1000)
    for number in range(100):
        assert kept[f"select '{number:0300}'"].template == "SELECT ?"
        assert sum(map(len, kept)) == kept._characters <= 1300
