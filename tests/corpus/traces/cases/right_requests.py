"""Requests that repeat and are right: paged, polled, sent again, needed in order, or at once already."""

from tests.corpus.traces.building.recorder import CLIENT, PRODUCER, Op, Scope
from tests.corpus.traces.instrumentations import own
from tests.corpus.traces.instrumentations.jvm import elasticsearch, okhttp, spring
from tests.corpus.traces.instrumentations.jvm import grpc as java_grpc
from tests.corpus.traces.instrumentations.node import (
    dns_lookup,
    fetched,
    handler,
    http_in,
    http_out,
    tcp_connect,
    tls_connect,
    undici,
)
from tests.corpus.traces.instrumentations.others import aspnet, dotnet_http, go_http_in, go_http_out
from tests.corpus.traces.instrumentations.python import (
    aiohttp,
    asyncpg,
    botocore,
    celery_run,
    fastapi,
    flask,
    httpx,
    psycopg2,
    requests,
)
from tests.corpus.traces.judging.labels import case, may

# Pages


@case(service="sync")
def pages_by_number(trace):
    """A listing read to its end."""
    with trace.open(celery_run("sync.products")):
        for page in range(1, 16):
            trace.call(requests("GET", f"https://erp.example.com/api/products?page={page}&per_page=100"), 120)


@case(service="sync")
def pages_by_cursor(trace):
    """Each answer says where the next one begins."""
    cursors = [f"dXNlcjpXMDdR{n:04}Q0pB" for n in range(12)]
    with trace.open(own("sync_channels")):
        trace.call(httpx("GET", "https://chat.example.com/api/channels.list?limit=200"), 90)
        for cursor in cursors:
            trace.call(
                httpx("GET", f"https://chat.example.com/api/channels.list?cursor={cursor}&limit=200"), 90
            )


@case(service="sync", language="go")
def pages_in_the_path(trace):
    """The number of the page is part of the path."""
    with trace.open(own("crawl")):
        for page in range(1, 11):
            trace.call(go_http_out("GET", f"http://archive.example.com/posts/page/{page}"), 60)


@case(may("PK102|PK104"), service="sync", language="dotnet")
def pages_whose_numbers_are_not_told(trace):
    """.NET masks the query, and with it the number of the page: nobody can tell this from a loop."""
    with trace.open(own("SyncJob")):
        for page in range(9):
            trace.call(dotnet_http("GET", f"http://erp/api/products?page={page}"), 80)


# Polled, sent again, sent on


@case(service="publisher")
def until_it_is_done(trace):
    """A job of another service is asked every two seconds whether it is done."""
    with trace.open(celery_run("video.publish")):
        trace.call(requests("POST", "https://encode.example.com/jobs", 202), 60)
        for _ in range(15):
            trace.pause(2000)
            trace.call(requests("GET", "https://encode.example.com/jobs/77120"), 25)


@case(service="queue-worker")
def long_polls(trace):
    """``ReceiveMessage`` waits up to twenty seconds for a message; there is none."""
    with trace.open(own("consume")):
        for _ in range(12):
            trace.call(
                botocore(
                    "SQS", "ReceiveMessage", aws__queue_url="https://sqs.eu-central-1.amazonaws.com/1/q"
                ),
                20_000,
            )


@case(language="java", service="portal")
def sent_again_twice(trace):
    """Refused once, timed out once, then answered."""
    with trace.open(spring("GET", "/offers")):
        trace.call(okhttp("GET", "https://offers.example.com/v1/today", 503), 20, "503")
        trace.pause(100)
        trace.call(okhttp("GET", "https://offers.example.com/v1/today", 503, resent=1), 20, "503")
        trace.pause(200)
        trace.call(okhttp("GET", "https://offers.example.com/v1/today", resent=2), 40)


@case(service="links")
def redirected(trace):
    """Three short links, each of which points to another address of the same host, and that to the last."""
    with trace.open(own("resolve_links")):
        for n in range(3):
            trace.call(requests("GET", f"https://short.example/{n}aZ", 301), 12)
            trace.call(requests("GET", f"https://short.example/go/{n}aZ", 302), 12)
            trace.call(requests("GET", f"https://www.example.com/articles/{n + 70}"), 30)


@case(service="downloader")
def parts_of_one_file(trace):
    """Ten ranges of one large file: equal URLs, and none of the answers is the same."""
    with trace.open(own("download")):
        for _ in range(10):
            trace.call(requests("GET", "https://cdn.example.com/images/disk.iso", 206, stable=True), 400)


@case(service="backup")
def parts_of_one_upload(trace):
    """The parts of a large object, four at a time."""
    with trace.open(own("upload_backup")):
        trace.call(botocore("S3", "CreateMultipartUpload"), 30)
        for _ in trace.together(range(12), 60):
            trace.call(botocore("S3", "UploadPart"), 250)
        trace.call(botocore("S3", "CompleteMultipartUpload"), 60)


# In order, or at once


@case(service="identity")
def each_needs_the_one_before(trace):
    """A token, the account it is for, then the orders of that account."""
    with trace.open(flask("GET", "/callback")):
        trace.call(requests("POST", "https://login.example.com/oauth/token"), 80)
        trace.call(requests("GET", "https://login.example.com/oauth/userinfo"), 60)
        trace.call(requests("GET", "https://shop.example.com/api/accounts/4711/orders"), 90)


@case(language="java", service="orders")
def a_saga(trace):
    """Writes to six services, in the order in which they could be undone."""
    with trace.open(spring("POST", "/orders")):
        for host, path in (
            ("stock", "reservations"),
            ("payments", "charges"),
            ("shipping", "labels"),
            ("invoices", "invoices"),
            ("loyalty", "points"),
            ("mails", "messages"),
        ):
            trace.call(okhttp("POST", f"http://{host}:8080/api/{path}", 201), 45)


@case(service="bff")
def a_dashboard_at_once(trace):
    """Six endpoints of two services, asked together."""
    with trace.open(fastapi("GET", "/dashboard")):
        for url in trace.together(
            (
                "http://accounts/accounts/17/summary",
                "http://accounts/accounts/17/limits",
                "http://accounts/accounts/17/messages",
                "http://market/indices",
                "http://market/news",
                "http://market/calendar",
            ),
            0.3,
        ):
            trace.call(httpx("GET", url), 70)


@case(service="monitor")
def a_host_each(trace):
    """The same path of twelve hosts, together."""
    with trace.open(own("scrape")):
        for n in trace.together(range(12), 0.2):
            trace.call(aiohttp("GET", f"http://node-{n}.internal:9100/metrics"), 30)


@case(service="bff")
def two_calls(trace):
    """Two requests after one another, and a query: nothing to gain that anyone would miss."""
    with trace.open(fastapi("GET", "/hello")):
        trace.call(httpx("GET", "http://users/users/5"), 8)
        trace.call(asyncpg("SELECT locale FROM settings WHERE user_id = $1"), 1)
        trace.call(httpx("GET", "http://greetings/greetings/today"), 8)


@case(language="go", service="stream")
def a_stream(trace):
    """One call that streams for a minute, with an event per message."""
    with trace.open(go_http_in("GET", "/prices/stream")):
        method = java_grpc("market.Prices", "Watch", "market")
        with trace.open(Op(method.name, CLIENT, method.attributes, Scope("otelgrpc", "0.58.0"))) as span:
            for n in range(300):
                trace.pause(200)
                span.events.append((span.start_ns + 200_000_000 * n, "message", {"message.type": "RECEIVED"}))


# Batches, files, and what is no request


@case(language="java", service="indexer")
def bulk_requests(trace):
    """Documents are written a thousand at a time."""
    with trace.open(own("Indexer.run", "com.acme")):
        for _ in range(8):
            trace.call(elasticsearch("POST", "/articles/_bulk", "bulk", "articles"), 220)


@case(language="webjs", service="web")
def files_of_a_page(trace):
    """A browser loads the scripts and pictures of a page, several at a time."""
    with trace.open(Op("documentLoad", 1, {"http.url": "https://shop.example.com/"}, Scope("document-load"))):
        trace.call(
            Op("documentFetch", 1, {"http.url": "https://shop.example.com/"}, Scope("document-load")), 80
        )
        for n in trace.together(range(14), 3):
            trace.call(fetched(f"https://static.example.com/assets/chunk-{n:02}.8f2{n:02}c1.js"), 40)


@case(service="orders")
def messages_sent(trace):
    """A message per order: publishing is neither a query nor a request."""
    with trace.open(flask("POST", "/orders/import")):
        for _ in range(20):
            attributes = {"messaging.system": "kafka", "messaging.destination.name": "orders"}
            trace.call(Op("orders publish", PRODUCER, attributes, Scope("kafka")), 0.5)


@case(may("PK102"), may("PK101", "passages"), service="assistant")
def an_agent(trace):
    """A model is called six times, each time with what a tool found for the call before."""
    with trace.open(fastapi("POST", "/ask")):
        for _ in range(6):
            trace.call(httpx("POST", "https://models.example.com/v1/chat/completions"), 1800)
            with trace.open(own("tool search")):
                trace.call(asyncpg("SELECT id, text FROM passages ORDER BY embedding <-> $1 LIMIT 5"), 12)


@case(language="nodejs", service="portal")
def one_connection_for_all(trace):
    """The first request to each of three hosts opens a connection, TLS and all."""
    with trace.open(http_in("GET", "/start")), trace.open(handler("/start")):
        for host in trace.together(("news.example.com", "mail.example.com", "maps.example.com"), 0.5):
            with trace.open(undici("GET", f"https://{host}/v1/widgets")):
                trace.call(dns_lookup(host), 2)
                trace.call(tcp_connect(host), 10)
                trace.call(tls_connect(), 20)
                trace.pause(30)


@case(language="nodejs", service="gateway")
def four_of_a_kind(trace):
    """Four related products, with a request each."""
    with trace.open(http_in("GET", "/products/:id")), trace.open(handler("/products/:id")):
        trace.call(http_out("GET", "http://catalog:8080/products/5"), 15)
        for n in trace.together(range(4), 0.2):
            trace.call(http_out("GET", f"http://images:8080/images/{n + 90}"), 15)


@case(language="dotnet", service="gateway")
def different_things_of_one_service(trace):
    """Two requests and a write, each of its own kind."""
    with trace.open(aspnet("POST", "api/basket")):
        trace.call(dotnet_http("GET", "http://catalog/api/items/5"), 9)
        trace.call(dotnet_http("GET", "http://catalog/api/campaigns/current"), 9)
        trace.call(dotnet_http("PUT", "http://catalog/api/items/5/reservation"), 9)
        trace.call(dotnet_http("DELETE", "http://baskets/api/baskets/5/expired"), 9)


@case(may("PK102"), service="media")
def objects_of_s3(trace):
    """Ten objects by their keys: S3 has no request for many, but they could be asked for at once."""
    with trace.open(celery_run("media.zip")):
        trace.call(psycopg2("SELECT key FROM uploads WHERE album_id = %s"), 2)
        for _ in range(10):
            trace.call(botocore("S3", "GetObject"), 25)


@case(may("PK201"), service="browser")
def down_the_tree(trace):
    """Each path has an id that only the answer before can have told."""
    with trace.open(own("find_project")):
        for path in ("me", "users/5/teams", "teams/91/projects", "projects/447/boards", "boards/3021/cards"):
            trace.call(requests("GET", f"https://plan.example.com/api/{path}"), 60)


@case(service="planner")
def with_work_in_between(trace):
    """Five requests over a minute; what each of them brought is worked on before the next."""
    with trace.open(celery_run("plans.compute")):
        for path in ("terrain", "weather", "traffic", "crews", "budget"):
            trace.call(requests("GET", f"http://{path}:8000/{path}/current"), 90)
            trace.pause(12_000)


@case(may("PK104"), service="reports", language="java")
def tokens(trace):
    """A token before each of six calls: the bodies are not told, so it may be one for each audience."""
    with trace.open(spring("POST", "/reports")):
        for name in ("sales", "costs", "staff", "stock", "leads", "taxes"):
            trace.call(okhttp("POST", "https://login.example.com/oauth/token"), 30)
            trace.call(okhttp("PUT", f"http://{name}:8080/api/{name}/report", 204), 50)
