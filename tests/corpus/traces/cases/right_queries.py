"""Queries that repeat and are right: few, paged, chunked, batched, or one per shard."""

from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import (
    jdbc,
    repository,
    spring,
)
from tests.corpus.traces.instrumentations.node import (
    graphql,
    handler,
    http_in,
    mongodb,
    pg,
    resolve,
)
from tests.corpus.traces.instrumentations.others import ruby_pg
from tests.corpus.traces.instrumentations.python import (
    asyncpg,
    asyncpg_cursor,
    celery_run,
    dynamodb,
    fastapi,
    flask,
    psycopg,
    psycopg2,
    pymysql,
    redis,
    redis_pipeline,
    sqlalchemy,
)
from tests.corpus.traces.judging.labels import case

# Few


@case()
def three_customers(trace):
    """A list of three rows: the loop is there, and costs nothing worth a word."""
    with trace.open(flask("GET", "/visits")):
        trace.call(psycopg2("SELECT id, customer_id FROM visits WHERE day = %s"), 3)
        for _ in range(3):
            trace.call(psycopg2("SELECT name FROM customers WHERE id = %s"), 1)


@case(language="java")
def four_look_ups(trace):
    """Two currencies, before and after: four look-ups by one method."""
    with trace.open(spring("POST", "/transfers")):
        for _ in range(4):
            with trace.open(repository("RateRepository", "findByCode")):
                trace.call(jdbc("select r.rate from rates r where r.code = ?", "rates"), 1)


@case()
def few_values_from_the_cache(trace):
    """Four keys of Redis, of four kinds."""
    with trace.open(fastapi("GET", "/me")):
        for key in ("session:1", "user:1", "cart:1", "flags"):
            trace.call(redis("GET", key), 0.3)
        trace.call(asyncpg("SELECT count(*) FROM orders WHERE user_id = $1"), 2)


# One statement per shard or tenant


@case(service="reports")
def a_shard_each(trace):
    """The same question to each of sixteen shards, which are databases of their own."""
    with trace.open(celery_run("reports.totals")):
        for n in range(16):
            trace.call(psycopg("SELECT sum(total) FROM orders WHERE day = %s", f"orders_{n:02}"), 6)


@case(service="reports")
def a_server_each(trace):
    """The same on twelve servers, at once."""
    with trace.open(fastapi("GET", "/lag")):
        for n in trace.together(range(12), 0.3):
            trace.call(asyncpg("SELECT lag FROM replication WHERE name = $1", host=f"replica-{n}"), 8)


@case(service="saas", language="ruby")
def a_schema_each_by_search_path(trace):
    """A nightly job turns to one tenant after the other, on one connection."""
    with trace.open(own("TenantJob.perform")):
        for n in range(20):
            trace.call(ruby_pg(f'SET search_path TO "tenant_{n}"', "saas", prepared=False), 0.4)
            trace.call(ruby_pg("SELECT count(*) FROM invoices WHERE state = ?", "saas", prepared=False), 3)


@case(service="saas")
def a_schema_each_by_name(trace):
    """The schema is part of the table's name."""
    with trace.open(celery_run("usage.collect")):
        for n in range(14):
            trace.call(
                psycopg2(f'SELECT count(*) FROM "customer_{chr(97 + n)}"."documents" WHERE created_at > %s'),
                4,
            )


# Pages and chunks


@case(service="export")
def pages_by_key(trace):
    """A table read 500 rows at a time, from the last key on."""
    with trace.open(own("export_events")):
        for _ in range(20):
            trace.call(psycopg2("SELECT id, kind, at FROM events WHERE id > %s ORDER BY id LIMIT 500"), 9)
            trace.pause(4)


@case(service="export")
def pages_by_offset(trace):
    """The same with a growing offset, told as it was sent."""
    with trace.open(own("export_customers")):
        for n in range(15):
            trace.call(pymysql(f"SELECT id, name FROM customers ORDER BY id LIMIT 200 OFFSET {200 * n}"), 8)


@case(service="search")
def chunks_of_a_list(trace):
    """4,000 ids in lists of 500, at a time one."""
    marks = ", ".join(["%s"] * 500)
    with trace.open(celery_run("search.index")):
        trace.call(psycopg2("SELECT id FROM articles WHERE changed_at > %s"), 20)
        for _ in range(8):
            trace.call(psycopg2(f"SELECT id, title, body FROM articles WHERE id IN ({marks})"), 15)


@case(service="search")
def chunks_of_an_array(trace):
    """The same with an array for a parameter, of which the statement does not tell the length."""
    with trace.open(own("index_articles")):
        for _ in range(8):
            trace.call(asyncpg("SELECT id, title, body FROM articles WHERE id = ANY($1::bigint[])"), 15)


@case()
def eager_loading(trace):
    """``selectinload`` of three relations: a query each, with lists."""
    with trace.open(flask("GET", "/orders")):
        trace.call(sqlalchemy("SELECT orders.id, orders.customer_id \nFROM orders"), 5)
        for table, key in (("order_lines", "order_id"), ("customers", "id"), ("payments", "order_id")):
            sql = (
                f"SELECT {table}.id, {table}.{key} \nFROM {table} \nWHERE {table}.{key} IN "
                "(%(pk_1_1)s, %(pk_1_2)s, %(pk_1_3)s)"
            )
            trace.call(sqlalchemy(sql), 3)


@case(service="archive")
def a_day_at_a_time(trace):
    """A month is archived by ranges of a day each, so that no transaction gets long."""
    with trace.open(celery_run("archive.month")):
        for _ in range(31):
            trace.call(
                psycopg2("SELECT id, payload FROM events WHERE created_at >= %s AND created_at < %s"), 40
            )


@case(service="export")
def a_cursor(trace):
    """A cursor of the server, read a hundred rows at a time."""
    with trace.open(fastapi("GET", "/export.csv")):
        for _ in range(25):
            trace.call(asyncpg_cursor("SELECT id, name, email FROM subscribers WHERE list_id = $1"), 4)


@case(service="export")
def fetch_forward(trace):
    """The same written out, with DECLARE and FETCH."""
    with trace.open(own("dump")):
        trace.call(psycopg2("BEGIN"), 0.2)
        trace.call(psycopg2('DECLARE "dump" CURSOR FOR SELECT * FROM ledger'), 1)
        for _ in range(30):
            trace.call(psycopg2('FETCH FORWARD 1000 FROM "dump"'), 12)
        trace.call(psycopg2("CLOSE dump"), 0.2)
        trace.call(psycopg2("COMMIT"), 0.3)


@case(language="nodejs", service="export")
def batches_of_a_cursor_of_mongodb(trace):
    """``find`` once, then ``getMore`` until there is none."""
    with trace.open(http_in("GET", "/export")), trace.open(handler("/export")):
        trace.call(mongodb("find", "events", '{"kind":"?"}'), 8)
        for _ in range(18):
            trace.call(mongodb("getMore", "events", '{"getMore":"?","collection":"?"}'), 10)


# Batches


@case(language="java", service="loader")
def batches_of_jdbc(trace):
    """``addBatch`` and ``executeBatch``: 50 rows each time."""
    with trace.open(own("Loader.load", "com.acme")):
        for _ in range(9):
            trace.call(
                jdbc("insert into items (sku, price) values (?, ?)", "items", stable=True, batch=50), 14
            )


@case(service="loader")
def many_rows_in_one_statement(trace):
    """``execute_values``: 200 rows per statement."""
    rows = ", ".join(["(%s, %s, %s)"] * 200)
    with trace.open(celery_run("loader.prices")):
        for _ in range(10):
            trace.call(psycopg2(f"INSERT INTO prices (sku, at, amount) VALUES {rows}"), 22)


@case(service="loader")
def copied(trace):
    """COPY, once per file."""
    with trace.open(own("load_files")):
        for _ in range(7):
            trace.call(psycopg("COPY events (id, at, kind) FROM STDIN WITH (FORMAT csv)"), 300)


@case(service="loader")
def pipelines_of_redis(trace):
    """Many commands in each round trip."""
    with trace.open(own("warm_cache")):
        for _ in range(8):
            trace.call(redis_pipeline(["SET"] * 50), 3)


@case(service="carts")
def many_items_at_once(trace):
    """``BatchGetItem``, a hundred keys at a time."""
    with trace.open(own("load_catalogue")):
        for _ in range(6):
            trace.call(dynamodb("BatchGetItem", "products"), 18)


@case(language="nodejs", service="graph")
def a_loader_for_all_resolvers(trace):
    """Twenty resolvers, and one query for what they all ask for."""
    query = graphql("query Books", operation__type="query")
    with trace.open(http_in("POST", "/graphql")), trace.open(query):
        with trace.open(resolve("books", "[Book!]!", "Query")):
            trace.call(pg("SELECT id, title, author_id FROM books LIMIT 20"), 4)
        for n in trace.together(range(20), 0.05):
            with trace.open(resolve(f"books.{n}.author", "Author!", "Book")):
                trace.pause(5)
        trace.call(pg("SELECT id, name FROM authors WHERE id = ANY($1)"), 4)
