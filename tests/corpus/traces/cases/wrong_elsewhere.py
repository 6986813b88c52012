"""N+1 queries in other languages: ORMs with spans of their own, drivers below them, pools between them."""

from tests.corpus.traces.building.recorder import CONSUMER, Op, Scope
from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import (
    get_connection,
    hibernate,
    jdbc,
    repository,
    spring,
)
from tests.corpus.traces.instrumentations.node import (
    graphql,
    handler,
    http_in,
    middleware,
    mongodb,
    mongoose,
    mysql2,
    pg,
    pg_pool_connect,
    prisma,
    prisma_engine,
    prisma_query,
    resolve,
)
from tests.corpus.traces.instrumentations.others import (
    active_record,
    aspnet,
    ecto,
    ef_core,
    go_http_in,
    gorm,
    otelsql,
    phoenix,
    rails,
    ruby_pg,
    sql_client,
)
from tests.corpus.traces.judging.labels import case, finds, may

# Node.js


def express(trace, route):
    """The middlewares of each request, before its handler."""
    for name in ("query", "expressInit", "jsonParser", "session"):
        trace.call(middleware(name), 0.1)
    return trace.open(handler(route))


@case(finds("PK101", "vendors", 20), language="nodejs")
def a_pool_between_the_queries(trace):
    """``pool.query`` in a ``for await``: a short wait for the pool before each of the repeated queries."""
    with trace.open(http_in("GET", "/api/parts")), express(trace, "/api/parts"):
        trace.call(pg_pool_connect(), 0.2)
        trace.call(pg("SELECT id, vendor_id FROM parts WHERE project = $1"), 4)
        for _ in range(20):
            trace.call(pg_pool_connect(), 0.1)
            trace.call(pg("SELECT name, country FROM vendors WHERE id = $1"), 1.2)


@case(finds("PK101", "room_rates", 8), language="nodejs")
def values_in_the_statement(trace):
    """mysql2 tells statements with their values filled in."""
    with trace.open(http_in("GET", "/api/rooms")), express(trace, "/api/rooms"):
        trace.call(mysql2("SELECT `id`, `name` FROM `rooms` WHERE `hotel_id` = 44"), 2)
        for room in (401, 402, 403, 411, 412, 420, 433, 501):
            trace.call(
                mysql2(
                    f"SELECT `amount` FROM `room_rates` WHERE `room_id` = {room} AND `day` = '2025-11-03'"
                ),
                1,
            )


@case(finds("PK101", '"Profile"', 12), language="nodejs")
def prisma_in_a_loop(trace):
    """``await prisma.profile.findUnique`` for each user; three spans of the engine around each query."""
    with trace.open(http_in("GET", "/users")), express(trace, "/users"):
        with trace.open(prisma("User", "findMany")), trace.open(prisma_engine("query")):
            trace.call(prisma_engine("connection"), 0.1)
            trace.call(
                prisma_query(
                    'SELECT "public"."User"."id", "public"."User"."email" FROM "public"."User" WHERE '
                    "1=1 OFFSET $1"
                ),
                3,
            )
            trace.call(prisma_engine("serialize"), 0.1)
        for _ in range(12):
            with trace.open(prisma("Profile", "findUnique")):
                trace.call(Op("prisma:client:serialize", 1, {}, Scope("prisma", "6.2.1")), 0.05)
                with trace.open(prisma_engine("query")):
                    trace.call(prisma_engine("connection"), 0.05)
                    trace.call(
                        prisma_query(
                            'SELECT "public"."Profile"."id", "public"."Profile"."bio" FROM '
                            '"public"."Profile" WHERE ("public"."Profile"."userId" = $1 AND 1=1) LIMIT $2 '
                            "OFFSET $3"
                        ),
                        1.5,
                    )
                    trace.call(prisma_engine("serialize"), 0.03)


@case(finds("PK101", "book_authors", 24), language="nodejs", service="graph")
def a_resolver_per_item(trace):
    """GraphQL: the field ``authors`` of each of 24 books has a resolver with a query, all at once."""
    with trace.open(http_in("POST", "/graphql")):
        trace.call(graphql("graphql.parse"), 0.3)
        trace.call(graphql("graphql.validate"), 0.3)
        with trace.open(graphql("query Books", operation__type="query", operation__name="Books")):
            with trace.open(resolve("books", "[Book!]!", "Query")):
                trace.call(pg("SELECT id, title FROM books ORDER BY title LIMIT 24"), 4)
            for n in trace.together(range(24), 0.1):
                with trace.open(resolve(f"books.{n}.authors", "[Author!]!", "Book")):
                    trace.call(
                        pg(
                            "SELECT id, name FROM authors INNER JOIN book_authors ON author_id = id WHERE "
                            "book_id = $1"
                        ),
                        6,
                    )


@case(finds("PK101", "reviews", 15), language="nodejs")
def mongoose_over_its_driver(trace):
    """Two spans tell of each of the 15 look-ups, one within the other."""
    with trace.open(http_in("GET", "/products")), express(trace, "/products"):
        with trace.open(mongoose("Product", "products", "find")):
            trace.call(mongodb("find", "products", '{"category":"?"}'), 5)
        for _ in range(15):
            with trace.open(mongoose("Review", "reviews", "findOne")):
                trace.call(mongodb("find", "reviews", '{"productId":"?"}'), 2)


# Java


@case(finds("PK101", "owners", 35), language="java", service="clinic")
def lazy_loading_by_hibernate(trace):
    """``pet.getOwner()`` for each of 35 pets: session, connection and query have a span each."""
    with trace.open(spring("GET", "/pets")):
        with trace.open(repository("PetRepository", "findAll")), trace.open(hibernate("SELECT com.acme.Pet")):
            trace.call(get_connection(), 0.1)
            trace.call(jdbc("select p1_0.id,p1_0.name,p1_0.owner_id from pets p1_0", "pets", "clinic"), 5)
        with trace.open(own("PetController.render", "com.acme")):
            for _ in range(35):
                with trace.open(hibernate("Session.find com.acme.Owner")):
                    trace.call(
                        jdbc(
                            "select o1_0.id,o1_0.city,o1_0.name from owners o1_0 where o1_0.id=?",
                            "owners",
                            "clinic",
                        ),
                        1,
                    )


@case(finds("PK101", "loyalty", 30), language="java")
def only_operation_and_table(trace):
    """Statements are switched off; what is left says SELECT, and from which table."""
    with trace.open(spring("GET", "/customers")):
        trace.call(jdbc("", "customers"), 4)
        for _ in range(30):
            trace.call(jdbc("", "loyalty"), 1.2)


@case(finds("PK101", "policies", 11), language="java", service="insurance")
def asynchronous_methods(trace):
    """``@Async`` methods on a pool of executors: a query in each, and each below a span of its own."""
    with trace.open(spring("POST", "/quotes/batch")):
        trace.call(
            jdbc("select q.id from quotes q where q.batch_id = ?", "quotes", "insurance", stable=True), 3
        )
        for _ in trace.together(range(11), 2):
            with trace.open(own("QuoteService.price", "com.acme")):
                trace.pause(0.5)
                trace.call(
                    jdbc(
                        "select p.id, p.premium from policies p where p.holder_id = ? and p.state = ?",
                        "policies",
                        "insurance",
                        stable=True,
                    ),
                    4,
                )


# Go


@case(finds("PK101", "items", 16), language="go")
def gorm_over_otelsql(trace):
    """The ORM's span tells the values, the driver's placeholders; reading the rows has a span, too."""
    with trace.open(go_http_in("GET", "/orders")):
        with trace.open(gorm("Query", "SELECT * FROM \"orders\" WHERE state = 'open'", "orders")):
            trace.call(otelsql("sql.conn.query", 'SELECT * FROM "orders" WHERE state = $1'), 3)
            trace.call(otelsql("sql.rows"), 0.2)
        for n in range(16):
            with trace.open(gorm("Query", f'SELECT * FROM "items" WHERE order_id = {9000 + 7 * n}', "items")):
                trace.call(otelsql("sql.conn.query", 'SELECT * FROM "items" WHERE order_id = $1'), 1.2)
                trace.call(otelsql("sql.rows"), 0.1)


@case(finds("PK101", "rooms", 10), language="go", service="booking")
def database_sql_with_resets(trace):
    """database/sql resets a connection before it is used again, and each step has a span."""
    with trace.open(go_http_in("GET", "/availability")):
        trace.call(otelsql("sql.connector.connect", db="booking", stable=True), 6)
        trace.call(
            otelsql("sql.conn.query", "SELECT id FROM hotels WHERE city = $1", "booking", stable=True), 2
        )
        trace.call(otelsql("sql.rows", db="booking", stable=True), 0.3)
        for _ in range(10):
            trace.call(otelsql("sql.conn.reset_session", db="booking", stable=True), 0.01)
            trace.call(
                otelsql(
                    "sql.conn.query",
                    "SELECT count(*) FROM rooms WHERE hotel_id = $1 AND free",
                    "booking",
                    stable=True,
                ),
                1.5,
            )
            trace.call(otelsql("sql.rows", db="booking", stable=True), 0.05)


# .NET


@case(finds("PK101", "Customers", 22), language="dotnet", service="backoffice")
def ef_core_over_sql_client(trace):
    """Both are instrumented: a span around a span, both named after the database, both with the text."""
    listing = "SELECT [o].[Id], [o].[CustomerId] FROM [Orders] AS [o] WHERE [o].[State] = @__state_0"
    one = "SELECT TOP(1) [c].[Id], [c].[Name] FROM [Customers] AS [c] WHERE [c].[Id] = @__p_0"
    with trace.open(aspnet("GET", "api/orders")):
        with trace.open(ef_core(listing)):
            trace.call(sql_client(listing), 6)
        for _ in range(22):
            with trace.open(ef_core(one)):
                trace.call(sql_client(one), 1.3)


@case(may("PK101"), language="dotnet", service="backoffice")
def ef_core_without_texts(trace):
    """Twelve queries of which nothing is told but the database: perhaps a loop, perhaps twelve queries."""
    with trace.open(aspnet("GET", "api/dashboard")):
        for _ in range(12):
            trace.call(ef_core(), 3)


# Ruby and Elixir


@case(finds("PK101", "avatars", 14), language="ruby", service="blog")
def active_record_over_pg(trace):
    """``comment.avatar`` in a partial: a span of the model around each prepared statement."""
    with trace.open(rails("GET", "/posts/:id")):
        with trace.open(active_record("Comment query")):
            trace.call(ruby_pg('SELECT "comments".* FROM "comments" WHERE "comments"."post_id" = $1'), 3)
        for _ in range(14):
            with trace.open(active_record("Avatar query")):
                trace.call(
                    ruby_pg('SELECT "avatars".* FROM "avatars" WHERE "avatars"."user_id" = $1 LIMIT $2'), 1
                )


@case(finds("PK101", "line_items", 9), language="erlang")
def ecto_in_a_comprehension(trace):
    """``Repo.all`` within ``for``."""
    with trace.open(phoenix("GET", "/orders")):
        trace.call(ecto('SELECT o0."id", o0."state" FROM "orders" AS o0', "orders"), 3)
        for _ in range(9):
            trace.call(
                ecto(
                    'SELECT l0."id", l0."sku" FROM "line_items" AS l0 WHERE (l0."order_id" = $1)',
                    "line_items",
                ),
                1,
            )


@case(finds("PK101", "subscribers", 18), language="nodejs", service="mailer")
def below_a_message(trace):
    """One message names 18 subscribers, and its handler asks for each of them."""
    message = Op("mails process", CONSUMER, {"messaging.system": "rabbitmq"}, Scope("amqplib", "0.46.0"))
    with trace.open(message):
        for _ in range(18):
            trace.call(pg("SELECT email, locale FROM subscribers WHERE id = $1", "mail", stable=True), 1.1)
