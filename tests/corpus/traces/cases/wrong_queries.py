"""N+1 queries, as the instrumentations of Python show them."""

from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.python import (
    asgi_send,
    asyncpg,
    celery_run,
    django,
    dynamodb,
    fastapi,
    flask,
    mysql_connector,
    psycopg,
    psycopg2,
    pymongo,
    pymysql,
    redis,
    requests,
    sqlalchemy,
    sqlalchemy_connect,
    sqlite3,
    urllib3,
)
from tests.corpus.traces.judging.labels import case, finds, may

SESSION = (
    'SELECT "django_session"."session_key", "django_session"."session_data" FROM '
    '"django_session" WHERE "django_session"."session_key" = %s LIMIT 21'
)
USER = 'SELECT "auth_user"."id", "auth_user"."username" FROM "auth_user" WHERE "auth_user"."id" = %s LIMIT 21'


def one_of(table, *columns, key="id", mark="%s", limit=" LIMIT 21"):
    """A query as Django's ORM asks for one object."""
    shown = ", ".join(f'"{table}"."{column}"' for column in ("id", *columns))
    return f'SELECT {shown} FROM "{table}" WHERE "{table}"."{key}" = {mark}{limit}'


@case(finds("PK101", "books_author", 40))
def author_of_each_book(trace):
    """A template reads ``book.author.name`` for each of the 40 books that the view had listed."""
    with trace.open(django("GET", "books/")):
        trace.call(psycopg2(SESSION), 1.1)
        trace.call(psycopg2(USER), 0.9)
        trace.call(
            psycopg2(
                'SELECT "books_book"."id", "books_book"."title", "books_book"."author_id" FROM '
                '"books_book" ORDER BY "books_book"."title" ASC LIMIT 40'
            ),
            7,
        )
        trace.pause(3)
        for _ in range(40):
            trace.call(psycopg2(one_of("books_author", "name")), 1.3)
            trace.pause(0.2)


@case(finds("PK101", "stock", 12))
def stock_per_product_with_literals(trace):
    """The statement is put together from text: each has another number in it."""
    with trace.open(flask("GET", "/products")):
        trace.call(pymysql("SELECT id, name FROM products WHERE category = 'shoes' ORDER BY name"), 4)
        for n in range(12):
            trace.call(pymysql(f"SELECT quantity FROM stock WHERE product_id = {1700 + 13 * n}"), 0.8)


@case(finds("PK101", "order_lines", 25))
def a_checkout_before_each_query(trace):
    """Each query takes a connection out of the pool first; those spans lie between the repeated queries."""
    with trace.open(flask("GET", "/orders")):
        trace.call(sqlalchemy_connect(), 0.03)
        trace.call(
            sqlalchemy("SELECT orders.id, orders.customer_id \nFROM orders \nWHERE orders.open IS true"), 5
        )
        for _ in range(25):
            trace.call(sqlalchemy_connect(), 0.02)
            trace.call(
                sqlalchemy(
                    "SELECT order_lines.id, order_lines.sku, order_lines.quantity \nFROM order_lines "
                    "\nWHERE %(param_1)s = order_lines.order_id"
                ),
                1.4,
            )


@case(finds("PK101", "city", 18))
def orm_and_driver_side_by_side(trace):
    """SQLAlchemy's span is not the parent of the driver's: two siblings tell of each of 18 queries."""
    sql = (
        "SELECT city.id, city.name, city.population \nFROM city \nWHERE "
        "city.country_code = %(country_code_1)s"
    )
    with trace.open(flask("GET", "/countries")):
        listing = "SELECT country.code, country.name \nFROM country"
        for text, ms, times in ((listing, 4, 1), (sql, 1.5, 18)):
            for _ in range(times):
                outer = trace.call(sqlalchemy(text, "world", "mysql", "mysql"), ms + 1)
                trace.call_at(mysql_connector(text, "world"), outer.start_ns + 50_000, ms / 2)
                trace.pause(0.1)


@case(finds("PK101", "profiles", 30))
def gathered(trace):
    """``asyncio.gather`` over 30 members of a team: all at once, and still a query each."""
    with trace.open(fastapi("GET", "/teams/{team_id}")):
        trace.call(asyncpg("SELECT user_id FROM members WHERE team_id = $1"), 3)
        for _ in trace.together(range(30), 0.15):
            trace.call(asyncpg("SELECT name, avatar, bio FROM profiles WHERE user_id = $1"), 9)
        trace.call(asgi_send("GET", "/teams/{team_id}", "http.response.start"), 0.1)
        trace.call(asgi_send("GET", "/teams/{team_id}"), 0.1)


@case(finds("PK101", "authors", 15))
def a_span_of_its_own_around_each_query(trace):
    """Each serializer has a span; the query lies below it, so that no two queries are siblings."""
    with trace.open(django("GET", "api/articles/")), trace.open(own("ArticleViewSet.list")):
        trace.call(psycopg2('SELECT "articles"."id", "articles"."author_id" FROM "articles" LIMIT 15'), 4)
        with trace.open(own("ListSerializer.data")):
            for _ in range(15):
                with trace.open(own("ArticleSerializer.to_representation")):
                    trace.pause(0.3)
                    with trace.open(own("AuthorField.get")):
                        trace.call(psycopg2(one_of("authors", "name", "email")), 1.2)


@case(finds("PK101", "posts", 60))
def with_joins(trace):
    """The repeated query joins three tables; it is one per thread of the forum all the same."""
    with trace.open(flask("GET", "/forum")):
        trace.call(
            psycopg(
                "SELECT t.id, t.subject FROM threads t WHERE t.forum_id = %s ORDER BY "
                "t.bumped_at DESC LIMIT 60"
            ),
            6,
        )
        for _ in range(60):
            trace.call(
                psycopg(
                    "SELECT p.body, u.name, b.title FROM posts p JOIN users u ON u.id = p.user_id "
                    "LEFT JOIN badges b ON b.user_id = u.id WHERE p.thread_id = %s ORDER BY "
                    "p.created_at DESC LIMIT 1"
                ),
                2.1,
            )


@case(finds("PK101", "invoices", 300), service="worker")
def a_nightly_report(trace):
    """A task asks for the open invoices of 300 customers, one customer at a time."""
    with trace.open(celery_run("reports.dunning")):
        trace.call(psycopg2("SELECT id FROM customers WHERE active ORDER BY id"), 12)
        for _ in range(300):
            trace.call(
                psycopg2("SELECT id, due, total FROM invoices WHERE customer_id = %s AND paid_at IS NULL"),
                1.6,
            )
            trace.pause(0.4)
        trace.call(psycopg2("INSERT INTO reports (kind, rows) VALUES (%s, %s)"), 2)


@case(finds("PK101", "likes", 25))
def a_count_per_row(trace):
    """``post.likes.count()`` in a list."""
    with trace.open(django("GET", "feed/")):
        trace.call(
            psycopg2('SELECT "posts"."id", "posts"."text" FROM "posts" ORDER BY "posts"."id" DESC LIMIT 25'),
            5,
        )
        for _ in range(25):
            trace.call(
                psycopg2('SELECT COUNT(*) AS "__count" FROM "likes" WHERE "likes"."post_id" = %s'), 1.1
            )


@case(finds("PK101", "follows", 10))
def an_existence_check_per_row(trace):
    """``LIMIT 1`` and a constant, which is neither a page nor a ping."""
    with trace.open(django("GET", "people/")):
        trace.call(psycopg2('SELECT "people"."id", "people"."name" FROM "people" LIMIT 10'), 3)
        for _ in range(10):
            trace.call(
                psycopg2(
                    'SELECT 1 AS "a" FROM "follows" WHERE ("follows"."source_id" = %s AND '
                    '"follows"."target_id" = %s) LIMIT 1'
                ),
                0.9,
            )


@case(finds("PK101", "tags", 20))
def a_prefetch_of_one(trace):
    """``prefetch_related`` called for one object at a time: lists, of one value each."""
    with trace.open(django("GET", "api/notes/")):
        trace.call(psycopg2('SELECT "notes"."id", "notes"."text" FROM "notes" LIMIT 20'), 3)
        for _ in range(20):
            trace.call(
                psycopg2(
                    'SELECT ("note_tags"."note_id") AS "_prefetch_related_val_note_id", "tags"."id", '
                    '"tags"."name" FROM "tags" INNER JOIN "note_tags" ON ("tags"."id" = '
                    '"note_tags"."tag_id") WHERE "note_tags"."note_id" IN (%s)'
                ),
                1.5,
            )


@case(finds("PK101", "items", 10), finds("PK101", "customers", 25))
def two_loops(trace):
    """Two loops in one request, one after the other."""
    with trace.open(flask("GET", "/dashboard")):
        trace.call(psycopg2("SELECT id FROM orders WHERE day = %s"), 3)
        for _ in range(10):
            trace.call(psycopg2("SELECT sku, quantity FROM items WHERE order_id = %s"), 1.1)
        trace.call(psycopg2("SELECT customer_id FROM visits WHERE day = %s"), 3)
        for _ in range(25):
            trace.call(psycopg2("SELECT name, city FROM customers WHERE id = %s"), 0.9)


@case(finds("PK101", "parts", 40), may("PK101", "assemblies"), may("PK106"))
def a_loop_in_a_loop(trace):
    """For each of five assemblies its lines, and for each line its part: that loop costs the most."""
    with trace.open(flask("GET", "/bill-of-materials")):
        trace.call(psycopg2("SELECT id FROM products WHERE sku = %s"), 2)
        for _ in range(5):
            trace.call(psycopg2("SELECT line, part_id FROM assemblies WHERE product_id = %s"), 1.3)
            for _ in range(8):
                trace.call(psycopg2("SELECT name, weight FROM parts WHERE id = %s"), 0.9)


@case(finds("PK101", "addresses"))
def some_of_them_fail(trace):
    """Three of twenty time out; the loop is the same."""
    with trace.open(flask("GET", "/export")):
        trace.call(psycopg2("SELECT id FROM customers WHERE region = %s"), 4)
        for n in range(20):
            error = "canceling statement due to statement timeout" if n in (4, 9, 17) else ""
            trace.call(psycopg2("SELECT street, city FROM addresses WHERE customer_id = %s"), 2, error)


@case(finds("PK101", "get_rating", 22))
def a_stored_procedure_per_row(trace):
    """The loop calls a procedure of the database."""
    with trace.open(flask("GET", "/ratings")):
        trace.call(pymysql("SELECT id FROM films WHERE year = %s"), 3)
        for _ in range(22):
            trace.call(pymysql("CALL get_rating(%s)"), 2.5)


@case(finds("PK101", "readings", 6), service="gateway", shape="document")
def six_are_enough(trace):
    """A small loop on a local file, not much beyond what makes one."""
    with trace.open(own("summarise")):
        trace.call(sqlite3("SELECT id FROM sensors"), 0.4)
        for _ in range(6):
            trace.call(sqlite3("SELECT max(value) FROM readings WHERE sensor_id = ?"), 0.3)


@case(finds("PK101", "reviews", 15))
def documents_without_their_filters(trace):
    """MongoDB by pymongo, which tells command and collection only."""
    with trace.open(fastapi("GET", "/products")):
        trace.call(pymongo("find", "products"), 4)
        for _ in range(15):
            trace.call(pymongo("find", "reviews"), 2)


@case(finds("PK101|PK102", "GetItem", 20), service="carts")
def one_item_of_dynamodb_at_a_time(trace):
    """``GetItem`` in a loop, with the HTTP request below each call."""
    with trace.open(fastapi("GET", "/carts/{cart_id}")):
        trace.call(dynamodb("Query", "carts"), 8)
        for _ in range(20):
            with trace.open(dynamodb("GetItem", "products")):
                trace.call(urllib3("POST", "https://dynamodb.eu-central-1.amazonaws.com/"), 5)


@case(finds("PK101", "prices", 480), shape="names")
def the_same_in_forty_traces(trace):
    """Forty requests with the same loop of twelve: one row, with the cost of all."""
    for _ in range(40):
        request = trace.another()
        with request.open(flask("GET", "/basket")):
            request.call(psycopg2("SELECT id FROM baskets WHERE session = %s"), 2)
            for _ in range(12):
                request.call(psycopg2("SELECT amount FROM prices WHERE article_id = %s"), 1.1)


@case(finds("PK101", "comments", 30))
def one_long_list_among_short_ones(trace):
    """Of 25 requests to one page, one met an article with 30 comments; the others have two."""
    for number in range(25):
        request = trace.another()
        with request.open(django("GET", "articles/<int:pk>/")):
            request.call(psycopg2(one_of("articles", "title")), 2)
            for _ in range(30 if number == 11 else 2):
                request.call(
                    psycopg2(
                        'SELECT "users"."name" FROM "comments" INNER JOIN "users" ON ("users"."id" = '
                        '"comments"."user_id") WHERE "comments"."id" = %s'
                    ),
                    1.2,
                )


@case(finds("PK101", "thumbnails", 14))
def a_thread_pool(trace):
    """Fourteen workers of a pool of four, each with a query; the spans of the workers overlap."""
    with trace.open(flask("GET", "/gallery")):
        trace.call(psycopg("SELECT id FROM pictures WHERE album_id = %s"), 3)
        for _ in trace.together(range(14), 1.5):
            with trace.open(own("load_thumbnail", "app.pool")):
                trace.call(psycopg("SELECT data FROM thumbnails WHERE picture_id = %s"), 5)


@case(finds("PK101", "translations", 16))
def in_the_old_shape_of_the_protocol(trace):
    """Spans of instrumentation libraries instead of scopes."""
    with trace.open(flask("GET", "/menu")):
        trace.call(pymysql("SELECT id FROM dishes"), 2)
        for _ in range(16):
            trace.call(pymysql("SELECT text FROM translations WHERE dish_id = %s AND language = %s"), 0.8)


@case(finds("PK101", "geo_points", 35), may("PK101", "GET"))
def among_other_work(trace):
    """The cache is asked before each query, and misses; sometimes a request goes out as well."""
    with trace.open(fastapi("GET", "/routes/{route_id}")):
        trace.call(asyncpg("SELECT point_id FROM routes WHERE id = $1"), 2)
        for n in range(35):
            if n % 3 == 0:
                trace.call(redis("GET", f"point:{n}"), 0.4)
            if n in (7, 19):
                trace.call(requests("GET", "https://tiles.example.com/style.json"), 30)
            trace.call(asyncpg("SELECT lat, lon FROM geo_points WHERE id = $1"), 1.1)


@case(finds("PK101", "sub_accounts", 9))
def a_comment_in_each_statement(trace):
    """sqlcommenter adds the trace's context to each statement, so that no two texts are equal."""
    with trace.open(django("GET", "accounts/")):
        trace.call(psycopg2('SELECT "accounts"."id" FROM "accounts" LIMIT 9'), 2)
        for n in range(9):
            context = f"00-acbdad825030e4fc58260b2bd9861eb3-451dac2c6352{n:04x}-01"
            comment = f"/*db_driver='psycopg2',traceparent='{context}'*/"
            trace.call(psycopg2(f"{one_of('sub_accounts', 'balance')} {comment}"), 1)


@case(finds("PK101", "sales", 28), service="reports")
def no_statement_but_a_collection(trace):
    """As if a processor of the collector had removed the statements: command and collection are left."""
    with trace.open(own("build_report")):
        trace.call(pymongo("find", "regions"), 3)
        for _ in range(28):
            query = pymongo("find", "sales")
            attributes = {k: v for k, v in query.attributes.items() if k != "db.statement"}
            trace.call(query._replace(attributes=attributes), 4)
