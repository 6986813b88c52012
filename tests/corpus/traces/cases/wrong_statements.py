"""Statements repeated in other ways: with equal values, in turns, as writes, on connections of their own."""

from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import jdbc, spring
from tests.corpus.traces.instrumentations.node import (
    handler,
    http_in,
    ioredis,
    middleware,
    mongodb,
    mysql2,
    pg,
    pg_connect,
    prisma,
    prisma_engine,
    prisma_query,
    undici,
)
from tests.corpus.traces.instrumentations.others import (
    active_record,
    aspnet,
    ecto,
    ef_core,
    go_http_in,
    go_http_out,
    otelsql,
    phoenix,
    rails,
    ruby_pg,
    sql_client,
)
from tests.corpus.traces.instrumentations.python import (
    asyncpg,
    celery_run,
    django,
    dynamodb,
    fastapi,
    flask,
    psycopg,
    psycopg2,
    pymysql,
    requests,
    sqlalchemy,
    sqlalchemy_connect,
)
from tests.corpus.traces.judging.labels import case, finds, may

# Duplicates


@case(finds("PK103", "settings", 9))
def one_setting_again_and_again(trace):
    """Each price that is shown asks for the currency, with the same literal each time."""
    with trace.open(flask("GET", "/products")):
        trace.call(pymysql("SELECT id, name, price FROM products WHERE category = 'shoes'"), 4)
        for _ in range(9):
            trace.pause(0.4)
            trace.call(pymysql("SELECT value FROM settings WHERE name = 'currency'"), 0.7)


@case(finds("PK103", "permissions", 7), service="intranet")
def the_same_values_captured(trace):
    """The permissions of the current user, asked for by each of seven checks; the values are told."""
    with trace.open(fastapi("GET", "/documents")):
        trace.call(asyncpg("SELECT id, title FROM documents WHERE folder = $1", 12), 3)
        for _ in range(7):
            trace.call(asyncpg("SELECT action FROM permissions WHERE user_id = $1", 4711), 1)


@case(finds("PK101", "permissions", 7), service="intranet")
def other_values_captured(trace):
    """The same with seven different users: no duplicates."""
    with trace.open(fastapi("GET", "/documents/{document_id}/readers")):
        trace.call(asyncpg("SELECT user_id FROM readers WHERE document_id = $1", 12), 3)
        for n in range(7):
            trace.call(asyncpg("SELECT action FROM permissions WHERE user_id = $1", 4711 + n), 1)


@case(finds("PK103", "countries", 6))
def a_whole_table_for_each_form(trace):
    """A statement without any value: each of six forms of a page reads the list of countries."""
    with trace.open(django("GET", "passengers/")):
        trace.call(
            psycopg2('SELECT "bookings"."id" FROM "bookings" WHERE "bookings"."code" = %s LIMIT 21'), 2
        )
        for _ in range(6):
            trace.call(
                psycopg2(
                    'SELECT "countries"."id", "countries"."name" FROM "countries" ORDER BY '
                    '"countries"."name" ASC'
                ),
                3,
            )
            trace.pause(2)


# In turns


@case(finds("PK106", "seats", 15), service="cinema")
def two_in_turns(trace):
    """For each of 15 shows its film, then its seats."""
    with trace.open(flask("GET", "/shows")):
        trace.call(psycopg2("SELECT id, film_id FROM shows WHERE day = %s"), 3)
        for _ in range(15):
            trace.call(psycopg2("SELECT title, minutes FROM films WHERE id = %s"), 1)
            trace.call(psycopg2("SELECT count(*) FROM seats WHERE show_id = %s AND free"), 1.4)


@case(finds("PK106", "ports", 10), service="fleet")
def three_in_turns_below_spans_of_their_own(trace):
    """Each round has a span of its own, so no two rounds have the same parent."""
    with trace.open(fastapi("GET", "/ships")):
        trace.call(asyncpg("SELECT id FROM ships WHERE line = $1"), 3)
        for _ in range(10):
            with trace.open(own("describe_ship")):
                trace.call(asyncpg("SELECT name, flag FROM ship_details WHERE ship_id = $1"), 1)
                trace.call(
                    asyncpg("SELECT port_id FROM calls WHERE ship_id = $1 ORDER BY at DESC LIMIT 1"), 1.2
                )
                trace.call(asyncpg("SELECT name FROM ports WHERE id = $1"), 0.9)


@case(finds("PK106", "parcels", 12), may("PK102", "/track/"), service="parcels")
def four_in_turns_with_a_request(trace):
    """A task tracks 12 parcels: two queries, a request to the carrier, and what it said is written.

    The requests may be told apart from the statements: their cure is another one.
    """
    with trace.open(celery_run("parcels.track")):
        trace.call(psycopg2("SELECT id FROM parcels WHERE state = %s"), 4)
        for n in range(12):
            trace.call(psycopg2("SELECT carrier, code FROM parcels WHERE id = %s"), 1)
            trace.call(psycopg2("SELECT token FROM carriers WHERE name = %s"), 0.8)
            trace.call(requests("GET", f"https://api.carrier.example/track/JD{4400120 + n}"), 45)
            trace.call(psycopg2("UPDATE parcels SET state = %s, seen_at = now() WHERE id = %s"), 1.5)


@case(finds("PK106", "contacts", 20), service="crm")
def find_or_create(trace):
    """An import looks for each address and writes it where there is none: here never."""
    with trace.open(flask("POST", "/import")):
        for _ in range(20):
            trace.call(psycopg("SELECT id FROM contacts WHERE email = %s"), 0.9)
            trace.call(psycopg("INSERT INTO contacts (email, name) VALUES (%s, %s) RETURNING id"), 1.3)


@case(finds("PK106|PK102", "/rates/", 8), may("PK101", "products"), language="go", service="cart")
def a_request_and_a_query_in_turns(trace):
    """For each of eight lines its product from the database and its rate from a service: one loop, or two."""
    with trace.open(go_http_in("GET", "/cart")):
        trace.call(otelsql("sql.conn.query", "SELECT product_id, country FROM lines WHERE cart_id = $1"), 2)
        for n in range(8):
            trace.call(otelsql("sql.conn.query", "SELECT name, price FROM products WHERE id = $1"), 1)
            trace.call(go_http_out("GET", f"http://tax:8080/rates/{880 + n}"), 12)


# Writes


@case(finds("PK105", "measurements", 40), service="ingest")
def a_row_at_a_time(trace):
    """Forty rows of an upload, one INSERT each."""
    with trace.open(flask("POST", "/upload")):
        trace.call(psycopg2("SELECT id FROM stations WHERE code = %s"), 1)
        for _ in range(40):
            trace.call(psycopg2("INSERT INTO measurements (station_id, at, value) VALUES (%s, %s, %s)"), 1.1)


@case(finds("PK105", "shipments", 25), language="java", service="logistics")
def an_update_per_row(trace):
    """A job marks 25 shipments as sent, one by one."""
    with trace.open(own("ShipmentJob.run", "com.acme")):
        trace.call(jdbc("select s.id from shipments s where s.state = ?", "shipments", "logistics"), 4)
        for _ in range(25):
            trace.call(
                jdbc("update shipments set state=?, sent_at=? where id=?", "shipments", "logistics"), 1.4
            )


@case(finds("PK105", "audit", 15), language="nodejs", service="admin")
def a_transaction_per_row(trace):
    """BEGIN, INSERT, COMMIT: fifteen times, when one transaction would do."""
    with trace.open(http_in("POST", "/admin/bulk")), trace.open(handler("/admin/bulk")):
        for _ in range(15):
            trace.call(pg("BEGIN"), 0.3)
            trace.call(pg("INSERT INTO audit (actor, what) VALUES ($1, $2)"), 1)
            trace.call(pg("COMMIT"), 2)


@case(finds("PK105", "sessions", 12), language="ruby", service="blog")
def a_delete_per_row(trace):
    """``each(&:destroy)`` on twelve sessions, each in a transaction of its own."""
    with trace.open(rails("DELETE", "/users/:id/sessions")):
        trace.call(ruby_pg('SELECT "sessions".* FROM "sessions" WHERE "sessions"."user_id" = $1'), 2)
        for _ in range(12):
            with trace.open(active_record("Session.transaction")):
                trace.call(ruby_pg("BEGIN", prepared=False), 0.2)
                trace.call(ruby_pg('DELETE FROM "sessions" WHERE "sessions"."id" = $1'), 0.9)
                trace.call(ruby_pg("COMMIT", prepared=False), 1.5)


@case(finds("PK105", '"Product"', 10), language="nodejs")
def prisma_updates_in_a_loop(trace):
    """``prisma.product.update`` for each product of a price list."""
    with trace.open(http_in("PUT", "/prices")), trace.open(handler("/prices")):
        for _ in range(10):
            with trace.open(prisma("Product", "update")), trace.open(prisma_engine("query")):
                trace.call(prisma_engine("connection"), 0.05)
                trace.call(
                    prisma_query(
                        (
                            'UPDATE "public"."Product" SET "price" = $1 WHERE ("public"."Product"."id" = $2 '
                            'AND 1=1) RETURNING "public"."Product"."id"'
                        ),
                        stable=False,
                    ),
                    1.6,
                )
                trace.call(prisma_engine("serialize"), 0.02)


# Connections


@case(finds("PK401", "connect", 10), service="reports")
def no_pool(trace):
    """Each of ten different queries opens a connection first, which takes longer than the query."""
    tables = ("sales", "refunds", "visits", "carts", "mails", "clicks", "errors", "logins", "leads", "deals")
    with trace.open(flask("GET", "/overview")):
        for table in tables:
            trace.call(sqlalchemy_connect("reports"), 9)
            trace.call(sqlalchemy(f"SELECT count(*) AS count_1 \nFROM {table}", "reports"), 2)


@case(finds("PK401", "connect", 16), finds("PK101", "quotas", 15), language="go", service="limits")
def opened_in_the_loop(trace):
    """``sql.Open`` in a helper: a connection for the list and for each of fifteen look-ups."""
    with trace.open(go_http_in("GET", "/limits")):
        trace.call(otelsql("sql.connector.connect"), 8)
        trace.call(otelsql("sql.conn.query", "SELECT id FROM tenants"), 2)
        for _ in range(15):
            trace.call(otelsql("sql.connector.connect"), 8)
            trace.call(otelsql("sql.conn.query", "SELECT used, allowed FROM quotas WHERE tenant_id = $1"), 1)


@case(finds("PK401", "connect", 8), language="nodejs", service="jobs")
def a_client_per_query(trace):
    """``new Client()`` in a helper that every function calls."""
    with trace.open(http_in("POST", "/jobs/:id/finish")), trace.open(handler("/jobs/:id/finish")):
        for sql in (
            "SELECT state FROM jobs WHERE id = $1",
            "SELECT name FROM workers WHERE id = $1",
            "UPDATE jobs SET state = $1 WHERE id = $2",
            "INSERT INTO job_log (job_id, text) VALUES ($1, $2)",
            "SELECT email FROM owners WHERE job_id = $1",
            "DELETE FROM locks WHERE job_id = $1",
            "SELECT count(*) FROM jobs WHERE state = 'open'",
            "UPDATE workers SET busy = false WHERE id = $1",
        ):
            trace.call(pg_connect("jobs"), 11)
            trace.call(pg(sql, "jobs"), 1.5)


@case(finds("PK106", "wallets", 18), may("PK105"), may("PK101"), language="java", service="bank")
def read_and_write_back(trace):
    """A round reads a balance and writes it back, 18 times."""
    with trace.open(spring("POST", "/interest")):
        trace.call(jdbc("select a.id from accounts a where a.kind = ?", "accounts", "bank"), 5)
        for _ in range(18):
            trace.call(
                jdbc("select w.balance from wallets w where w.account_id = ? for update", "wallets", "bank"),
                1,
            )
            trace.call(jdbc("update wallets set balance = ? where account_id = ?", "wallets", "bank"), 1.3)


@case(finds("PK103", "feature_flags", 11), language="nodejs")
def one_flag_by_many_functions(trace):
    """Every function of the handler asks whether the new checkout is on; nobody keeps the answer."""
    flag = pg("SELECT enabled FROM feature_flags WHERE name = 'new-checkout'")
    with trace.open(http_in("POST", "/checkout")), trace.open(handler("/checkout")):
        for n in range(11):
            trace.call(flag, 0.8)
            if n == 4:
                trace.call(undici("POST", "https://payments.example.com/v1/charges", 201), 180)
            trace.pause(1)


@case(finds("PK103", "users", 6), language="nodejs", service="portal")
def the_current_user_by_every_middleware(trace):
    """Six middlewares ask for the same user, whose id stands in the statement."""
    with trace.open(http_in("GET", "/settings")):
        for name in ("session", "locale", "theme", "rights", "limits", "audit"):
            with trace.open(middleware(name)):
                trace.call(mysql2("SELECT * FROM `users` WHERE `id` = 7"), 1)
        with trace.open(handler("/settings")):
            trace.call(mysql2("SELECT * FROM `settings` WHERE `user_id` = 7"), 1)


@case(finds("PK103", "categories", 5), language="java", service="catalogue")
def a_menu_in_each_part(trace):
    """Five parts of a page each read all categories."""
    with trace.open(spring("GET", "/")):
        for _ in range(5):
            with trace.open(own("MenuTag.render", "com.acme")):
                sql = "select c.id, c.name from categories c order by c.name"
                trace.call(jdbc(sql, "categories", "catalogue", stable=True), 3)


@case(finds("PK106|PK101", "wares", 12), may("PK101", "depots"), language="nodejs", service="depots")
def rounds_at_once(trace):
    """``Promise.all`` over functions of two queries each: one loop of rounds, or two loops of queries."""
    with trace.open(http_in("GET", "/wares")), trace.open(handler("/wares")):
        for _ in trace.together(range(12), 0.2):
            trace.call(pg("SELECT depot_id, name FROM wares WHERE id = $1", "depots"), 8)
            trace.call(pg("SELECT city FROM depots WHERE id = $1", "depots"), 6)


@case(finds("PK105|PK101", "events", 20), language="nodejs", service="events")
def a_document_at_a_time(trace):
    """``insertOne`` in a loop, where ``insertMany`` would do."""
    with trace.open(http_in("POST", "/events")), trace.open(handler("/events")):
        for _ in range(20):
            trace.call(mongodb("insert", "events", '{"at":"?","kind":"?"}'), 1.2)


@case(finds("PK105|PK101|PK102", "PutItem", 15), service="carts")
def an_item_of_dynamodb_at_a_time(trace):
    """``PutItem`` in a loop, where ``BatchWriteItem`` would do."""
    with trace.open(flask("PUT", "/carts/<cart>")):
        for _ in range(15):
            trace.call(dynamodb("PutItem", "lines"), 6)


@case(finds("PK105", "Logs", 8), language="dotnet", service="backoffice")
def save_changes_in_the_loop(trace):
    """``SaveChanges`` for each row; the span of EF Core lies around that of the driver."""
    sql = "INSERT INTO [Logs] ([At], [Text]) OUTPUT INSERTED.[Id] VALUES (@p0, @p1)"
    with trace.open(aspnet("POST", "api/logs")):
        for _ in range(8):
            with trace.open(ef_core(sql)):
                trace.call(sql_client(sql), 1.4)


@case(finds("PK105", "ranks", 10), language="java", service="ranking")
def updates_of_which_only_the_table_is_told(trace):
    """Statements are switched off: operation and table say enough."""
    with trace.open(own("RankJob.run", "com.acme")):
        update = jdbc("update ranks", "ranks", "ranking")
        told = {key: value for key, value in update.attributes.items() if key != "db.statement"}
        for _ in range(10):
            trace.call(update._replace(attributes=told), 1.2)


@case(finds("PK105", "tags", 12), language="erlang")
def ecto_inserts(trace):
    """``Repo.insert!`` in ``Enum.each``, outside of any transaction."""
    with trace.open(phoenix("POST", "/tags")):
        for _ in range(12):
            trace.call(ecto('INSERT INTO "tags" ("name") VALUES ($1) RETURNING "id"', "tags"), 1.3)


@case(finds("PK401", "", 9), language="nodejs", service="counter")
def a_client_of_redis_per_command(trace):
    """``new Redis()`` in a function that is called for each counter."""
    with trace.open(http_in("POST", "/count")), trace.open(handler("/count")):
        for command in ("incr", "get", "expire", "sadd", "scard", "hset", "hget", "lpush", "llen"):
            trace.call(ioredis("connect", "connect"), 6)
            trace.call(ioredis(command, f"{command} [1 other arguments]"), 0.4)
