"""Statements that repeat and are right: the connection's own business, polls, and work that differs."""

from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import (
    get_connection,
    hibernate,
    jdbc,
    spring,
)
from tests.corpus.traces.instrumentations.node import (
    handler,
    http_in,
    pg,
    pg_pool_connect,
)
from tests.corpus.traces.instrumentations.others import otelsql, rails, ruby_pg
from tests.corpus.traces.instrumentations.python import (
    asyncpg,
    celery_run,
    django,
    fastapi,
    flask,
    psycopg2,
    redis,
    sqlalchemy,
    sqlalchemy_connect,
)
from tests.corpus.traces.judging.labels import case, may

# The connection's own business


@case(service="worker")
def transactions(trace):
    """Each step of an import in a transaction of its own, with a savepoint; the steps differ."""
    with trace.open(own("import_catalogue")):
        for table in ("brands", "groups", "colours", "sizes", "fits", "seasons", "labels", "stores", "zones"):
            trace.call(psycopg2("BEGIN"), 0.2)
            trace.call(psycopg2("SAVEPOINT s1"), 0.2)
            trace.call(psycopg2(f"INSERT INTO {table} SELECT * FROM staging_{table}"), 14)
            trace.call(psycopg2("RELEASE SAVEPOINT s1"), 0.2)
            trace.call(psycopg2("COMMIT"), 1)


@case()
def pings_of_the_pool(trace):
    """The pool asks whether a connection is alive before it hands it out."""
    statements = (
        "SELECT name FROM users WHERE id = %(id)s",
        "SELECT count(*) FROM mails WHERE user_id = %(id)s AND NOT seen",
        "SELECT title FROM projects WHERE owner_id = %(id)s",
        "SELECT at, text FROM notes WHERE user_id = %(id)s",
        "SELECT amount FROM budgets WHERE user_id = %(id)s",
        "UPDATE users SET seen_at = now() WHERE id = %(id)s",
    )
    with trace.open(flask("GET", "/home")):
        for sql in statements:
            trace.call(sqlalchemy_connect(), 0.02)
            trace.call(sqlalchemy("SELECT 1"), 0.2)
            trace.call(sqlalchemy(sql), 2)


@case(language="java")
def settings_of_the_session(trace):
    """The driver sets and shows what the pool wants of a connection, each time anew."""
    with trace.open(spring("GET", "/reports")):
        for table in ("sales", "costs", "margins", "returns", "leads", "visits", "offers"):
            trace.call(get_connection(), 0.2)
            trace.call(jdbc("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", table), 0.2)
            trace.call(jdbc("SHOW TRANSACTION ISOLATION LEVEL", table), 0.2)
            trace.call(jdbc(f"select sum(t.amount) from {table} t where t.day = ?", table), 5)


@case(language="ruby", service="blog")
def questions_about_the_tables(trace):
    """The first request after a start: the ORM asks for the columns of every table that it meets."""
    columns = (
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
        "WHERE a.attrelid = ?::regclass AND a.attnum > ? ORDER BY a.attnum"
    )
    with trace.open(rails("GET", "/")):
        for _ in range(25):
            trace.call(ruby_pg(columns, prepared=False), 1.5)
        trace.call(ruby_pg('SELECT "posts".* FROM "posts" ORDER BY "posts"."id" DESC LIMIT $1'), 2)


@case(may("PK105"), service="deploy")
def a_migration(trace):
    """Tables and indexes, one after another, and what was done is written down after each."""
    with trace.open(own("migrate")):
        for table in ("a_users", "b_orders", "c_lines", "d_notes", "e_tags", "f_files", "g_jobs"):
            trace.call(psycopg2(f"CREATE TABLE {table} (id bigint PRIMARY KEY, name text NOT NULL)"), 4)
            trace.call(psycopg2(f"CREATE INDEX {table}_name ON {table} (name)"), 3)
            trace.call(psycopg2("INSERT INTO django_migrations (app, name, applied) VALUES (%s, %s, %s)"), 1)


@case()
def checkouts_from_the_pool(trace):
    """Each query takes a connection out of the pool; that takes microseconds, as none is opened."""
    with trace.open(flask("GET", "/account")):
        for table in ("users", "addresses", "cards", "vouchers", "wishes", "reviews", "returns", "mails"):
            trace.call(sqlalchemy_connect(), 0.02)
            trace.call(sqlalchemy(f"SELECT * FROM {table} WHERE user_id = %(user_id_1)s"), 2)


@case(language="nodejs")
def waiting_for_the_pool(trace):
    """``pg-pool.connect`` before each of ten different queries, at once."""
    with trace.open(http_in("GET", "/stats")), trace.open(handler("/stats")):
        for table in trace.together(("a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "k10"), 0.1):
            trace.call(pg_pool_connect(), 2)
            trace.call(pg(f"SELECT count(*) FROM {table}_facts"), 8)


@case(language="java")
def answered_by_the_second_level_cache(trace):
    """``Session.find`` for each of thirty rows; none of them reaches the database."""
    with trace.open(spring("GET", "/pets")):
        trace.call(jdbc("select p1_0.id,p1_0.owner_id from pets p1_0", "pets"), 5)
        for _ in range(30):
            trace.call(hibernate("Session.find com.acme.Owner"), 0.02)


# Work


@case()
def a_dozen_different_queries(trace):
    """A page with many parts, one query each."""
    tables = (
        "users",
        "teams",
        "rights",
        "posts",
        "tags",
        "likes",
        "polls",
        "votes",
        "files",
        "chats",
        "calls",
        "trash",
    )
    with trace.open(django("GET", "home/")):
        for table in tables:
            trace.call(
                psycopg2(
                    f'SELECT "{table}"."id", "{table}"."name" FROM "{table}" WHERE "{table}"."owner_id" = %s'
                ),
                2,
            )


@case(service="reports")
def one_slow_query(trace):
    """Eight seconds, once."""
    with trace.open(fastapi("GET", "/reports/year")):
        trace.call(asyncpg("SELECT month, sum(total) FROM orders WHERE year = $1 GROUP BY month"), 8000)


@case(service="worker", language="go")
def polled_every_five_seconds(trace):
    """A span as long as the worker lives: it looks for jobs, finds none, and waits."""
    with trace.open(own("worker.run")):
        for _ in range(30):
            trace.call(
                otelsql(
                    "sql.conn.query",
                    (
                        "SELECT id, payload FROM jobs WHERE state = 'queued' ORDER BY id LIMIT 10 FOR "
                        "UPDATE SKIP LOCKED"
                    ),
                ),
                1.5,
            )
            trace.pause(5000)


@case(service="leader")
def a_lease_renewed(trace):
    """Every ten seconds the leader says that it is still there."""
    with trace.open(own("hold_lease")):
        for _ in range(25):
            trace.call(
                psycopg2("UPDATE leases SET expires_at = now() + interval '30 seconds' WHERE name = %s"), 1.2
            )
            trace.pause(10_000)


@case(service="worker")
def spans_that_only_sound_like_queries(trace):
    """The program's own spans, named as if they were queries: nothing says that they are any."""
    with trace.open(celery_run("invoices.render")):
        for _ in range(50):
            trace.call(own("select template"), 0.3)
            trace.call(own("render line", lines=3), 1.5)


@case(may("PK101"))
def many_keys_of_the_cache(trace):
    """Forty values by GET: MGET would do, at a tenth of a millisecond each. Reviewers do not agree."""
    with trace.open(fastapi("GET", "/catalogue")):
        for n in range(40):
            trace.call(redis("GET", f"price:{n}"), 0.15)
