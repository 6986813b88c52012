"""What repeats over many requests or messages, each of which does its own small part."""

from tests.corpus.traces.building.recorder import Service
from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import jdbc, kafka_process, spring
from tests.corpus.traces.instrumentations.node import handler, http_in, pg
from tests.corpus.traces.instrumentations.others import go_http_in, go_http_out, otelsql
from tests.corpus.traces.instrumentations.python import (
    asyncpg,
    celery_run,
    celery_send,
    django,
    fastapi,
    flask,
    httpx,
    kafka_poll,
    psycopg2,
    redis,
    requests,
)
from tests.corpus.traces.judging.labels import case, may


@case()
def one_query_per_request(trace):
    """Eighty requests to one page, one query each."""
    for _ in range(80):
        request = trace.another()
        with request.open(django("GET", "products/<int:pk>/")):
            request.call(
                psycopg2('SELECT "products"."name" FROM "products" WHERE "products"."id" = %s LIMIT 21'), 2
            )


@case()
def health_checks(trace):
    """The balancer asks every second; each time the database and the cache are pinged."""
    for _ in range(60):
        request = trace.another()
        with request.open(flask("GET", "/healthz")):
            request.call(psycopg2("SELECT 1"), 0.4)
            request.call(redis("PING"), 0.2)


@case(service="mailer")
def a_task_per_mail(trace):
    """A request sends forty tasks; each of them, in the same trace, does one mail's worth of work."""
    with trace.open(fastapi("POST", "/newsletters")):
        trace.call(asyncpg("SELECT id FROM subscribers WHERE list_id = $1"), 6)
        for _ in range(40):
            with trace.open(celery_send("mail.send")):
                trace.pause(0.3)
                with trace.within(Service("mail-worker")), trace.open(celery_run("mail.send")):
                    trace.call(psycopg2("SELECT email, locale FROM subscribers WHERE id = %s"), 1)
                    trace.call(psycopg2("UPDATE mails SET sent_at = now() WHERE subscriber_id = %s"), 1.2)


@case(language="java", service="projector")
def a_span_per_message(trace):
    """Fifty messages of one poll, each handled in a consumer's span with a query and a write."""
    with trace.open(kafka_poll("orders")):
        for offset in range(50):
            with trace.open(kafka_process("orders", 880_100 + offset)):
                trace.call(jdbc("select c.id from customers c where c.id = ?", "customers"), 1)
                trace.call(jdbc("insert into projections (order_id, at) values (?, ?)", "projections"), 1.2)


@case(service="queue")
def polls_with_work_in_between(trace):
    """A worker's trace: it takes a message, handles it in a span of its own, and takes the next."""
    with trace.open(own("worker")):
        for _ in range(20):
            trace.call(redis("BRPOP", "jobs", "5"), 900)
            with trace.open(celery_run("thumbnails.make")):
                trace.call(psycopg2("SELECT path FROM uploads WHERE id = %s"), 1)
                trace.pause(60)
                trace.call(psycopg2("UPDATE uploads SET thumbnail = %s WHERE id = %s"), 1)


@case(language="go", service="users")
def asked_by_others(trace):
    """Twelve different requests of one page reach this service in one trace, at once, with one query each."""
    pages = (
        "profile",
        "teams",
        "badges",
        "posts",
        "likes",
        "drafts",
        "alerts",
        "limits",
        "plans",
        "keys",
        "logs",
        "notes",
    )
    with trace.within(Service("gateway", "go")), trace.open(go_http_in("GET", "/me")):
        for page in trace.together(pages, 0.4):
            asked = trace.open(go_http_out("GET", f"http://users:8080/users/5/{page}"))
            with (
                asked,
                trace.within(Service("users", "go")),
                trace.open(go_http_in("GET", f"/users/:id/{page}")),
            ):
                trace.call(
                    otelsql("sql.conn.query", "SELECT id, name, role FROM users WHERE id = $1", "users"), 1.5
                )


@case(language="java", service="accounts")
def the_same_query_of_two_services(trace):
    """Two services ask their own databases the same three times each."""
    with trace.open(spring("GET", "/overview")):
        for name in ("accounts", "cards"):
            with trace.within(Service(name, "java")), trace.open(spring("GET", f"/{name}/limits")):
                for _ in range(3):
                    trace.call(
                        jdbc("select l.amount from limits l where l.id = ?", "limits", name, f"{name}-db"), 1
                    )


@case(may("PK101"), may("PK102"))
def parents_that_are_missing(trace):
    """The exporter lost the spans around ten queries: ten requests, or ten rounds of a loop."""
    with trace.open(own("lost_and_found")):
        for _ in range(10):
            with trace.below_unsampled():
                trace.call(psycopg2("SELECT name FROM customers WHERE id = %s"), 1)


@case(service="edge", language="nodejs")
def a_session_of_a_browser(trace):
    """A single-page application keeps one trace for all that its user does: nine requests, minutes apart."""
    with trace.within(Service("web", "webjs")), trace.open(own("session")):
        for n in range(9):
            asked = trace.within(Service("edge", "nodejs"))
            with asked, trace.open(http_in("GET", "/api/items/:id")), trace.open(handler("/api/items/:id")):
                trace.call(pg("SELECT id, title FROM items WHERE id = $1"), 2)
            trace.pause(20_000 + 1000 * n)


@case(service="cron")
def runs_of_a_cron_job(trace):
    """A job each minute, a trace each."""
    for _ in range(45):
        run = trace.another()
        with run.open(own("expire_carts")):
            run.call(psycopg2("DELETE FROM carts WHERE touched_at < now() - interval '30 minutes'"), 6)


@case(service="webhooks")
def one_request_per_trace(trace):
    """Webhooks sent to one customer, each in the trace of what caused it."""
    for n in range(30):
        request = trace.another()
        with request.open(celery_run("hooks.deliver")):
            request.call(psycopg2("SELECT url, secret FROM hooks WHERE id = %s"), 1)
            request.call(requests("POST", f"https://customer.example.com/hooks/{n + 500}"), 70)


@case(service="bff", shape="document")
def two_refusals_per_trace(trace):
    """Many requests of which each was refused at most twice, with pauses that grow."""
    for _ in range(12):
        request = trace.another()
        with request.open(fastapi("GET", "/rates")):
            request.call(httpx("GET", "https://rates.example.com/v1/latest", 429), 15, "429")
            request.pause(1000)
            request.call(httpx("GET", "https://rates.example.com/v1/latest", 429), 15, "429")
            request.pause(2000)
            request.call(httpx("GET", "https://rates.example.com/v1/latest"), 30)
