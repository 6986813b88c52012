"""Requests to other services: one per item, the same again, refused, or one after another for no reason."""

from tests.corpus.traces.building.recorder import Scope, Service
from tests.corpus.traces.instrumentations import client, own
from tests.corpus.traces.instrumentations.jvm import envoy, jdbc, okhttp, spring
from tests.corpus.traces.instrumentations.jvm import grpc as java_grpc
from tests.corpus.traces.instrumentations.node import (
    dns_lookup,
    handler,
    http_in,
    http_out,
    middleware,
    tcp_connect,
    tls_connect,
    undici,
)
from tests.corpus.traces.instrumentations.others import (
    aspnet,
    dotnet_http,
    go_http_in,
    go_http_out,
    otelsql,
)
from tests.corpus.traces.instrumentations.python import (
    aiohttp,
    asyncpg,
    celery_run,
    django,
    fastapi,
    flask,
    grpc,
    httpx,
    psycopg2,
    requests,
)
from tests.corpus.traces.judging.labels import case, finds, may

UUIDS = [f"{n:08x}-4d1f-4c2b-9b7e-0242ac12{n:04x}" for n in range(0x31A0, 0x31A0 + 40)]


@case(finds("PK102", "/users/", 25))
def a_user_per_order(trace):
    """Requests to the users' service, one after another, in the old conventions."""
    with trace.open(flask("GET", "/orders")):
        trace.call(psycopg2("SELECT id, user_id FROM orders WHERE state = %s LIMIT 25"), 4)
        for n in range(25):
            trace.call(requests("GET", f"http://users:8000/users/{3000 + 17 * n}"), 14)


@case(finds("PK102", "/avatars/", 40), service="feed")
def all_at_once(trace):
    """``asyncio.gather`` over 40 of them, in the stable conventions."""
    with trace.open(fastapi("GET", "/feed")):
        trace.call(httpx("GET", "http://timeline/timelines/55"), 20)
        for n in trace.together(range(40), 0.4):
            trace.call(httpx("GET", f"http://media/avatars/{700 + n}"), 60)


@case(finds("PK102", "/repos/", 12), language="nodejs", service="dashboard")
def with_the_steps_of_the_first_connection(trace):
    """undici; the first request looks the name up and opens a connection, the others use it again."""
    names = ("ant", "bee", "cat", "dog", "eel", "fox", "gnu", "hen", "ibis", "jay", "koi", "lark")
    with trace.open(http_in("GET", "/builds")), trace.open(handler("/builds")):
        for number, _ in enumerate(names):
            with trace.open(
                undici("GET", f"https://git.example.com/api/repos/{4100 + number}/builds?limit=1")
            ):
                if not number:
                    trace.call(dns_lookup("git.example.com"), 3)
                    trace.call(tcp_connect("git.example.com"), 11)
                    trace.call(tls_connect(), 24)
                trace.pause(35)


@case(finds("PK102", "/stock/", 30), language="go", service="shop")
def across_two_services(trace):
    """The shop asks the warehouse 30 times. There each request has one query, which is right."""
    with trace.open(go_http_in("GET", "/catalogue")):
        trace.call(otelsql("sql.conn.query", "SELECT sku FROM products WHERE listed"), 3)
        for n in range(30):
            with trace.open(go_http_out("GET", f"http://warehouse:8080/stock/{51000 + n}")):
                trace.pause(0.6)
                with trace.within(Service("warehouse", "go")), trace.open(go_http_in("GET", "/stock/:sku")):
                    trace.call(
                        otelsql("sql.conn.query", "SELECT free FROM stock WHERE sku = $1", "warehouse"), 1.5
                    )
                trace.pause(0.5)


@case(finds("PK102", "/customers/", 10), language="java", service="billing")
def ids_that_are_uuids(trace):
    """okhttp, with a UUID in each path."""
    with trace.open(spring("GET", "/invoices")):
        trace.call(
            jdbc("select i.id, i.customer_id from invoices i where i.run = ?", "invoices", "billing"), 5
        )
        for uuid in UUIDS[:10]:
            trace.call(okhttp("GET", f"https://crm.example.com/v2/customers/{uuid}"), 38)


@case(finds("PK102|PK104", "/prices", 12), language="dotnet", service="quotes")
def the_query_is_not_told(trace):
    """.NET masks the query of a URL: twelve calls of which nobody can say whether they are equal."""
    with trace.open(aspnet("GET", "api/quote")):
        for n in range(12):
            trace.call(dotnet_http("GET", f"http://pricing/api/prices?sku=A-{n}"), 9)


@case(finds("PK102", "/weather", 20), service="travel")
def a_city_in_the_query(trace):
    """One call per city, which stands in the query."""
    cities = [f"city-{n}" for n in range(20)]
    with trace.open(own("update_forecasts")):
        for city in cities:
            trace.call(aiohttp("GET", f"https://api.weather.example/v1/weather?city={city}&units=metric"), 80)


@case(finds("PK102", "GetProduct", 30), service="cart")
def one_product_at_a_time_by_grpc(trace):
    """gRPC tells no parameters; 30 calls of one method after a list are a loop anyway."""
    with trace.open(flask("GET", "/cart")):
        trace.call(grpc("shop.Cart", "GetCart", "cart-store"), 4)
        for _ in range(30):
            trace.call(grpc("shop.Catalog", "GetProduct"), 5)


@case(finds("PK102", "GetSeat", 16), language="java", service="boxoffice")
def grpc_between_two_services(trace):
    """Client and server of each call have a span; it is one loop in the client."""
    with trace.open(spring("GET", "/plan")):
        for _ in range(16):
            with (
                trace.open(java_grpc("hall.Seats", "GetSeat", "hall")),
                trace.within(Service("hall", "java")),
            ):
                answered = java_grpc("hall.Seats", "GetSeat", "hall")
                with trace.open(answered._replace(kind=2)):
                    trace.call(jdbc("select s.id, s.state from seats s where s.id = ?", "seats", "hall"), 1)


@case(finds("PK102", "/products/", 10), service="frontend")
def through_sidecars(trace):
    """The mesh's proxy sends each request on: two spans of kind client tell of each."""
    with trace.open(flask("GET", "/recommended")):
        for n in range(10):
            url = f"http://catalog:80/products/{60 + n}"
            proxy = trace.within(Service("frontend.proxy", "cpp"))
            with trace.open(requests("GET", url)), proxy, trace.open(envoy("catalog", url)):
                trace.pause(0.4)
                with trace.within(Service("catalog")), trace.open(flask("GET", "/products/<int:pk>")):
                    trace.call(psycopg2("SELECT name FROM products WHERE id = %s", "catalog"), 2)


@case(finds("PK104", "/config", 8), service="checkout")
def the_same_request_again(trace):
    """Eight functions ask for the same configuration, one after another."""
    with trace.open(fastapi("POST", "/checkout")):
        for n in range(8):
            trace.call(httpx("GET", "http://config.internal/config/checkout"), 7)
            trace.pause(2)
            if n == 3:
                trace.call(asyncpg("SELECT id FROM carts WHERE token = $1"), 1)


@case(finds("PK402", "partner", 10), service="sync")
def refused_again_and_again(trace):
    """A partner answers 429 ten times before it answers: the client does not wait between its attempts."""
    with trace.open(celery_run("sync.push")):
        trace.call(psycopg2("SELECT payload FROM outbox WHERE id = %s"), 1)
        for _ in range(10):
            trace.call(requests("POST", "https://api.partner.example/v1/orders", 429, stable=True), 40, "429")
        trace.call(requests("POST", "https://api.partner.example/v1/orders", 201, stable=True), 90)


@case(finds("PK102", "/contacts/", 20), finds("PK402", "api.crm.example", 8), service="sync")
def a_loop_that_is_throttled(trace):
    """Twenty contacts, one request each; every few calls the service refuses, and the call is sent again."""
    with trace.open(celery_run("sync.contacts")):
        for n in range(20):
            url = f"https://api.crm.example/contacts/{9100 + n}"
            if n % 5 in (3, 4):
                trace.call(requests("GET", url, 429), 12, "Too Many Requests")
                trace.pause(1000)
            trace.call(requests("GET", url), 35)


@case(finds("PK402", "search", 6), language="java", service="portal")
def unavailable_for_a_while(trace):
    """503 from a search service while six requests were made; the seventh was answered."""
    with trace.open(spring("GET", "/search")):
        for n in range(6):
            trace.call(okhttp("GET", "http://search:9000/query?q=lamp", 503, resent=n), 15, "503")
            trace.pause(10)
        trace.call(okhttp("GET", "http://search:9000/query?q=lamp", resent=6), 60)


@case(finds("PK201", "", None), service="bff")
def a_dashboard_in_a_row(trace):
    """Six endpoints of two services, none of which needs what another said, one after another."""
    with trace.open(fastapi("GET", "/dashboard")):
        for url in (
            "http://accounts/accounts/17/summary",
            "http://accounts/accounts/17/limits",
            "http://accounts/accounts/17/messages",
            "http://market/indices",
            "http://market/news",
            "http://market/calendar",
        ):
            trace.call(httpx("GET", url), 70)


@case(finds("PK201", "", None), language="nodejs", service="bff")
def awaited_in_a_row(trace):
    """``await`` after ``await`` in a handler of Express: five slow endpoints of two hosts."""
    with trace.open(http_in("GET", "/home")), trace.open(handler("/home")):
        for url in (
            "https://content.example.com/api/banners",
            "https://content.example.com/api/articles",
            "https://content.example.com/api/menu",
            "https://shop.example.com/api/bestsellers",
            "https://shop.example.com/api/offers",
        ):
            trace.call(http_out("GET", url), 310)


@case(finds("PK401", "", 10), finds("PK102", "/devices/", 10), language="nodejs", service="fleet")
def no_keep_alive(trace):
    """Each request opens a connection of its own, TLS and all, which takes longer than the answer."""
    with trace.open(http_in("GET", "/fleet")), trace.open(handler("/fleet")):
        for n in range(10):
            with trace.open(http_out("GET", f"https://iot.example.com/devices/{n + 300}")):
                trace.call(tcp_connect("iot.example.com"), 18)
                trace.call(tls_connect(), 36)
                trace.pause(12)


@case(finds("PK102", "/entries/", 60), shape="names")
def in_five_requests(trace):
    """Five requests with twelve calls each: one row for all."""
    for _ in range(5):
        request = trace.another()
        with request.open(django("GET", "journal/")):
            for n in range(12):
                request.call(requests("GET", f"http://journal:8000/entries/{n + 40}/"), 9)


@case(finds("PK102", "/spaces/", 9), may("PK104"), service="wiki")
def identifiers_that_are_words(trace):
    """The id in the path is a key such as OPS-7."""
    with trace.open(flask("GET", "/overview")):
        for key in ("OPS-7", "DEV-12", "HR-3", "LAW-9", "QA-15", "FIN-22", "SRE-4", "UX-31", "BIZ-8"):
            trace.call(requests("GET", f"https://wiki.example.com/rest/spaces/{key}/pages"), 45)


@case(finds("PK102", "/badges/", 11), language="php", service="forum")
def host_and_target_for_a_url(trace):
    """The conventions before 1.0 of an instrumentation that tells scheme, host and target apart."""
    with trace.open(flask("GET", "/members")):
        for n in range(11):
            attributes = {
                "http.method": "GET",
                "http.scheme": "http",
                "http.host": "badges.internal:8081",
                "http.target": f"/badges/{n + 20}",
                "http.status_code": 200,
            }
            trace.call(client("HTTP GET", attributes, Scope("psr18", "1.0.4")), 13)


@case(finds("PK102", "/nodes/", 18), service="mesh")
def below_a_span_per_item(trace):
    """A span of its own around each request, so that no two requests are siblings."""
    with trace.open(fastapi("GET", "/nodes")):
        for n in range(18):
            with trace.open(own("probe_node")):
                trace.pause(0.3)
                trace.call(aiohttp("GET", f"http://registry/nodes/{n + 1}/state"), 11)


@case(finds("PK104", "/flags", 9), language="go", service="shop")
def flags_again_and_again(trace):
    """Nine functions ask for the same flags, with the same query."""
    with trace.open(go_http_in("GET", "/start")):
        for _ in range(9):
            trace.call(go_http_out("GET", "http://flags:4000/flags?environment=production"), 4)
            trace.pause(1)


@case(finds("PK104", "/session", 7), language="nodejs", service="portal")
def a_session_for_every_middleware(trace):
    """Each of seven middlewares has the session checked by another service."""
    with trace.open(http_in("GET", "/inbox")):
        for name in ("auth", "locale", "theme", "rights", "limits", "audit", "news"):
            with trace.open(middleware(name)):
                trace.call(http_out("GET", "http://auth:3000/session"), 6)


@case(finds("PK201", "", None), language="java", service="advisor")
def blocking_calls_in_a_row(trace):
    """A controller asks six services for one page, each time waiting for the answer."""
    with trace.open(spring("GET", "/advice")):
        trace.call(jdbc("select c.id from clients c where c.login = ?", "clients", "advisor"), 2)
        for url in (
            "http://risk:8080/profiles/901",
            "http://market:8080/outlook",
            "http://products:8080/funds",
            "http://news:8080/headlines",
            "http://legal:8080/disclaimers",
            "http://branches:8080/nearest",
        ):
            trace.call(okhttp("GET", url), 55)


@case(finds("PK402", "models.example.com", 5), service="assistant")
def refused_with_growing_pauses(trace):
    """The client waits longer each time, and is refused five times all the same."""
    with trace.open(fastapi("POST", "/summaries")):
        for n in range(5):
            trace.call(httpx("POST", "https://models.example.com/v1/messages", 429), 60, "429")
            trace.pause(500 * 2**n)
        trace.call(httpx("POST", "https://models.example.com/v1/messages"), 2400)


@case(finds("PK402", "Rate", 6), service="pricing")
def refused_by_grpc(trace):
    """RESOURCE_EXHAUSTED, six times, until a call is let through."""
    with trace.open(flask("GET", "/price")):
        for n in range(7):
            call = grpc("pricing.Rates", "GetRate", "rates")
            if n < 6:
                call = call._replace(attributes={**call.attributes, "rpc.grpc.status_code": 8})
            trace.call(call, 4, "RESOURCE_EXHAUSTED" if n < 6 else "")
            trace.pause(50)
