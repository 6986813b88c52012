import asyncio
import importlib
import inspect
import sys
import threading
from urllib.parse import urlsplit

import greenlet
import pytest
from django.conf import settings

import perfkit
from perfkit.probes import django as probe
from perfkit.probes import sqlite3 as driver_probe
from perfkit.tracing import Recording
from tests.postgres import postgres

HERE = "tests/probes/test_django.py"
VIEWS = "tests/probes/shop_django/views.py"


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """The models of a Django that is set up, which can be done only once. Their tables are empty."""
    # the drivers are there, and unwatched, before Django connects: what they see is not at issue here
    importlib.import_module("sqlite3")
    importlib.import_module("psycopg")
    perfkit.uninstrument()
    folder = tmp_path_factory.mktemp("django")
    sqlite = {"ENGINE": "django.db.backends.sqlite3"}
    databases = {
        "default": {**sqlite, "NAME": folder / "shop.sqlite3"},
        "archive": {**sqlite, "NAME": folder / "archive.sqlite3"},
        **_postgres(),
    }
    settings.configure(
        DATABASES=databases,
        INSTALLED_APPS=["tests.probes.shop_django"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ROOT_URLCONF="tests.probes.shop_django.urls",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        ALLOWED_HOSTS=["*"],
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    for alias in databases:
        call_command("migrate", database=alias, run_syncdb=True, verbosity=0)
    from . import shop_django
    from .shop_django import models, views

    shop_django.views = views
    yield models
    for connection in connections.all():
        connection.close()


def _postgres():
    try:
        server = urlsplit(postgres())
    except pytest.skip.Exception:
        return {}
    named = {
        "HOST": server.hostname,
        "PORT": server.port,
        "USER": server.username,
        "PASSWORD": server.password,
    }
    return {"server": {"ENGINE": "django.db.backends.postgresql", "NAME": "postgres", **named}}


@pytest.fixture(autouse=True)
def _watched(shop):
    perfkit.uninstrument()
    fill(shop, "default")
    probe.install()
    yield
    probe.remove()


def fill(shop, alias):
    """Three orders of three customers, with two items, one tag and an invoice each."""
    for model in (shop.Invoice, shop.Item, shop.Order, shop.Tag, shop.Customer):
        model.objects.using(alias).all().delete()
    customers = [shop.Customer.objects.using(alias).create(name=name) for name in "abc"]
    for customer in customers:
        order = shop.Order.objects.using(alias).create(customer=customer, payer=customers[0], note="s3cr3t")
        shop.Item.objects.using(alias).bulk_create([shop.Item(order=order), shop.Item(order=order)])
        shop.Invoice.objects.using(alias).create(order=order)
        order.tags.add(shop.Tag.objects.using(alias).create(word=customer.name))


@pytest.fixture(params=["default", "server"])
def alias(request, shop):
    """An alias of SQLite and one of PostgreSQL."""
    if request.param not in settings.DATABASES:
        pytest.skip("no PostgreSQL")
    if request.param != "default":
        probe.remove()
        fill(shop, request.param)
        probe.install()
    return request.param


def line():
    return inspect.currentframe().f_back.f_lineno


def queries(rec):
    return rec.trace.of_kind("query")


def told(rec, *names):
    """Of each query the named attributes, where it has them."""
    return [{name: span.attrs[name] for name in names if name in span.attrs} for span in queries(rec)]


def test_a_query(shop):
    with Recording() as rec:
        found, at = list(shop.Customer.objects.filter(name__in=["a", "b"])), line()
    assert len(found) == 2
    (query,) = queries(rec)
    assert (query.site.file, query.site.line) == (HERE, at)
    parameters, number = query.attrs.pop("params"), query.attrs.pop("connection")
    assert len(parameters) == 16
    assert number > 0
    assert len(set(query.attrs.pop("parameters"))) == query.attrs.pop("listed") == 2
    assert query.attrs.pop("sql").endswith('WHERE "shop_django_customer"."name" IN (?, ...)')
    assert query.attrs == {
        "rows": 2,
        "system": "sqlite",
        "host": "",
        "database": "shop.sqlite3",
        "library": "django",
        "transaction": False,
        "alias": "default",
    }


def test_a_server_and_its_secrets(shop):
    if "server" not in settings.DATABASES:
        pytest.skip("no PostgreSQL")
    from django.db import connections

    fill(shop, "server")
    connections["server"].close()
    with Recording() as rec:
        assert shop.Order.objects.using("server").filter(note="s3cr3t").count() == 3
    connect, query = rec.trace.spans
    assert (connect.kind, query.kind) == ("connect", "query")
    server = settings.DATABASES["server"]
    for span in (connect, query):
        assert span.attrs["system"] == "postgresql"
        assert span.attrs["host"] == f"127.0.0.1:{server['PORT']}"
        assert (span.attrs["database"], span.attrs["alias"]) == ("postgres", "server")
    assert query.attrs["rows"] == 1
    assert "s3cr3t" not in repr(rec.trace)


def test_values_are_kept_if_asked_for(shop):
    with Recording(keep_values=True) as rec:
        shop.Customer.objects.filter(name="shown").exists()
    assert "shown" in queries(rec)[0].attrs["values"]


def test_lazy_loads_in_a_loop(shop, alias):
    orders = list(shop.Order.objects.using(alias))
    with Recording() as rec:
        for order in orders:
            at, _ = line(), order.customer.name
    assert [(span.site.line, span.attrs["relation"]) for span in queries(rec)] == [(at, "Order.customer")] * 3
    assert len({span.path for span in queries(rec)}) == 1
    assert len({span.attrs["params"] for span in queries(rec)}) == 3
    assert (
        told(rec, "rows", "alias", "transaction") == [{"rows": 1, "alias": alias, "transaction": False}] * 3
    )


def test_the_same_statement_from_other_places(shop):
    """Loading either of two relations to one model runs the same SQL, as a query of one's own does."""

    def deeper(order, levels):
        return order.customer if levels == 0 else deeper(order, levels - 1)

    with Recording() as rec:
        for levels in (0, 3, 0):
            order = shop.Order.objects.get(note="s3cr3t", customer__name="b")
            assert deeper(order, levels).name == "b"
            assert (order.payer.name, line()) == ("a", line())
            shop.Customer.objects.get(id=order.customer_id)
    assert told(rec, "relation") == [{}, {"relation": "Order.customer"}, {"relation": "Order.payer"}, {}] * 3
    assert len({span.attrs["sql"] for span in queries(rec)}) == 2
    assert [len(span.path) for span in queries(rec)[1::4]] == [2, 5, 2]


def test_relations_of_all_kinds(shop):
    order = shop.Order.objects.get(customer__name="a")
    tag, customer = shop.Tag.objects.get(word="a"), shop.Customer.objects.get(name="a")
    with Recording() as rec:
        assert order.payer
        assert len(order.items.all()) == 2
        assert order.items.filter(id__gt=0).count() == 2
        assert order.items.exists()
        assert order.invoice
        assert len(order.tags.all()) == 1
        assert list(tag.orders.iterator()) == [order]
        assert customer.orders.first() == order
    assert [span.attrs["relation"] for span in queries(rec)] == [
        "Order.payer",
        "Order.items",
        "Order.items",
        "Order.items",
        "Order.invoice",
        "Order.tags",
        "Tag.orders",
        "Customer.orders",
    ]


def test_relations_that_are_loaded_along(shop):
    with Recording() as rec:
        for order in shop.Order.objects.select_related("customer").prefetch_related("items", "tags__orders"):
            assert order.customer.name
            assert order.items.all()
            assert [list(tag.orders.all()) for tag in order.tags.all()]
    assert told(rec, "relation", "eager", "rows") == [
        {"rows": 3},
        {"relation": "Order.items", "eager": True, "rows": 6},
        {"relation": "Order.tags", "eager": True, "rows": 3},
        {"relation": "Tag.orders", "eager": True, "rows": 3},
    ]


def test_deferred_columns_and_refreshes(shop):
    order = shop.Order.objects.defer("note").first()
    with Recording() as rec:
        assert order.note
        order.refresh_from_db()
        order.refresh_from_db(fields=["note"])
    assert told(rec, "deferred", "reload") == [
        {"deferred": "Order.note"},
        {"reload": "Order"},
        {"reload": "Order"},
    ]


def test_peers_are_loaded_at_once(shop):
    models = pytest.importorskip("django.db.models")
    if not hasattr(models, "FETCH_PEERS"):
        pytest.skip("Django 6.1 brought fetch modes")
    with Recording() as rec:
        for order in shop.Order.objects.fetch_mode(models.FETCH_PEERS):
            assert order.customer.name
    assert told(rec, "relation", "eager")[1:] == [{"relation": "Order.customer", "eager": True}]


def test_a_template_has_the_line_that_rendered_it(shop):
    from django.test import Client

    with Recording() as rec:
        assert Client().get("/page").status_code == 200
    page = sys.modules["tests.probes.shop_django.views"].page
    assert [(span.site.file, span.site.line) for span in queries(rec)] == [(VIEWS, page.line)] * 10
    assert [span.path[1].file for span in queries(rec)] == [HERE] * 10
    loads = [("shop/page.html:4", "Order.customer"), ("shop/page.html:5", "Order.payer")]
    told_by = [(span.attrs["template"], span.attrs.get("relation")) for span in queries(rec)]
    assert told_by == [("shop/page.html:3", None), *[*loads, ("shop/page.html:5", "Order.items")] * 3]


def test_a_model_that_a_template_calls_has_its_own_line(shop):
    from django.template import Context, Template

    with Recording() as rec:
        Template("{{ order.buyer }}").render(Context({"order": shop.Order.objects.first()}))
    first, load = queries(rec)
    assert load.site.function == "Order.buyer"
    assert load.site.file == "tests/probes/shop_django/models.py"
    assert first.path[-1] == load.path[-1]


def test_a_view(shop):
    from django.test import Client

    views = sys.modules["tests.probes.shop_django.views"]
    with Recording() as rec:
        assert Client().get("/names").json() == {"names": ["a", "b", "c"]}
        assert Client().get("/rename").status_code == 200
    assert [span.site.line for span in queries(rec)[1:4]] == [views.names.line] * 3
    inside = [span for span in rec.trace.spans if span.kind != "span"]
    assert [span.kind for span in inside[4:]] == ["transaction", "query", "transaction"]
    assert inside[5].attrs["transaction"]
    assert inside[5].attrs["rows"] == 1


def test_a_request_that_is_answered_is_a_span_of_its_own(shop):
    from django.test import AsyncClient, Client

    with Recording() as rec:
        Client().get("/names")
        asyncio.run(AsyncClient().get("/names-async"))
    answered = [span for span in rec.trace.spans if span.attrs.get("entry")]
    assert [(span.name, span.attrs["status"]) for span in answered] == [
        ("GET /names", 200),
        ("GET /names-async", 200),
    ]
    parents = {span.id: span.parent for span in rec.trace.spans}

    def entry_of(number):
        while number is not None and number not in {span.id for span in answered}:
            number = parents[number]
        return number

    assert {entry_of(span.id) for span in queries(rec)} == {span.id for span in answered}


def test_each_request_is_looked_at_by_itself(shop):
    from django.test import Client

    with perfkit.record() as rec:
        for _ in range(6):
            Client().get("/rename")
    assert rec.findings() == []
    with perfkit.record() as rec:
        for _ in range(6):
            Client().get("/names")
    (finding,) = rec.findings()
    assert (finding.rule, finding.count) == ("PK101", 18)
    assert finding.evidence[0] == "6 times over, up to 3 calls in one"


def test_an_async_view_has_the_line_of_the_await(shop):
    from django.test import AsyncClient, Client

    views = sys.modules["tests.probes.shop_django.views"]
    for ask in (lambda: asyncio.run(AsyncClient().get("/names-async")), lambda: Client().get("/names-async")):
        with Recording() as rec:
            assert ask().json() == {"names": ["a", "b", "c"]}
        found = queries(rec)
        assert [(span.site.file, span.site.line) for span in found] == [
            (VIEWS, at) for at in views.names_async.lines
        ]
        assert len({span.path for span in found[1:]}) == 1


def test_functions_in_threads_of_asgiref(shop):
    from asgiref.sync import sync_to_async

    def load():
        load.line = line() + 1
        return list(shop.Customer.objects.all())

    async def main():
        main.line = line() + 1
        return await sync_to_async(load)()

    with Recording() as rec:
        assert len(asyncio.run(main())) == 3
    (query,) = queries(rec)
    lines = [(frame.function.rpartition(".")[2], frame.line) for frame in query.path]
    assert lines[:2] == [("load", load.line), ("main", main.line)]


def test_a_thread_has_a_connection_of_its_own(shop):
    from django.db import connection

    def count():
        shop.Customer.objects.count()
        connection.close()

    with Recording() as rec:
        shop.Customer.objects.count()
        thread = threading.Thread(target=count)
        thread.start()
        thread.join()
        shop.Customer.objects.count()
    counts = [span.attrs["connection"] for span in queries(rec)]
    assert counts[0] == counts[2] != counts[1]
    assert rec.counts["connect"] == 1


def test_transactions_are_no_queries(shop, alias):
    from django.db import transaction

    with Recording() as rec, transaction.atomic(using=alias):
        shop.Customer.objects.using(alias).filter(name="a").update(name="d")
        with pytest.raises(shop.Customer.DoesNotExist), transaction.atomic(using=alias):
            shop.Customer.objects.using(alias).get(name="a")
    kinds = [span.name.split()[0] for span in rec.trace.of_kind("transaction")]
    begin = ["BEGIN"] if alias == "default" else []  # the PostgreSQL driver sends it along
    assert [kind for kind in kinds if kind not in ("SAVEPOINT", "RELEASE")] == [*begin, "ROLLBACK", "COMMIT"]
    assert all(span.attrs["transaction"] for span in queries(rec))
    assert all(span.attrs["alias"] == alias for span in queries(rec))


def test_many_rows_in_one_statement_and_many_sets_of_parameters(shop):
    from django.db import connection

    with Recording() as rec:
        made = shop.Customer.objects.bulk_create(shop.Customer(name=name) for name in "xyz")
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE shop_django_customer SET name = %s WHERE id = %s", [("u", 1), ("v", 2)]
            )
            cursor.executemany("DELETE FROM shop_django_customer WHERE id = %s", ((one.id,) for one in made))
    insert, update, delete = queries(rec)
    assert "many" not in insert.attrs
    assert insert.attrs["rows"] == 3
    assert (update.attrs["many"], delete.attrs["many"]) == (2, 0)
    assert delete.attrs["rows"] == 3


def test_a_raw_cursor(shop, alias):
    from django.db import connections

    statement = "SELECT id FROM shop_django_customer ORDER BY id"
    with Recording() as rec, connections[alias].cursor() as cursor:
        cursor.execute(statement)
        assert len(cursor.fetchall()) == 3
        cursor.execute(statement)
        assert len(list(cursor)) == 3
        at, _ = line(), cursor.execute(statement)
        assert cursor.fetchone() < cursor.fetchone()
    assert [span.attrs["rows"] for span in queries(rec)] == ([3, 3, 2] if alias == "default" else [3, 3, 3])
    assert queries(rec)[2].site.line == at


def test_rows_of_an_iterator(shop, alias):
    with Recording() as rec:
        assert len(list(shop.Item.objects.using(alias).iterator(chunk_size=4))) == 6
    assert told(rec, "rows") == [{"rows": 6}]


def test_code_of_the_program_is_not_taken_for_django(shop):
    class QuerySet:
        def count(self):
            self.line, found = line(), shop.Customer.objects.count()
            return found

    counted = QuerySet()
    QuerySet.count.__code__ = QuerySet.count.__code__.replace(co_qualname="QuerySet.count")
    with Recording() as rec:
        assert counted.count() == 3
    assert [span.site.line for span in queries(rec)] == [counted.line]


def test_what_cannot_be_described_is_still_recorded(shop, monkeypatch):
    order = shop.Order.objects.first()
    monkeypatch.setattr(shop.Order.customer, "field", _Broken(shop.Order.customer.field))
    with Recording() as rec:
        assert order.customer.name == "a"
    assert told(rec, "relation", "rows", "alias") == [{"rows": 1, "alias": "default"}]


class _Broken:
    """A field that works but for its model, which the probe asks it for."""

    def __init__(self, field):
        self._field = field

    def __getattr__(self, name):
        if name == "name":
            raise RuntimeError("said no")
        return getattr(self._field, name)


def test_wrappers_of_the_program_go_on(shop):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def comment(execute, sql, params, many, context):
        return execute(f"{sql} -- said", params, many, context)

    with (
        connection.execute_wrapper(comment),
        CaptureQueriesContext(connection) as captured,
        Recording() as rec,
    ):
        orders, lines = list(shop.Order.objects.all()), [line()]
        lines += [line() for order in orders if order.customer]
    assert len(captured) == len(queries(rec)) == 4
    assert told(rec, "relation")[1:] == [{"relation": "Order.customer"}] * 3
    assert [span.site.line for span in queries(rec)] == lines


def test_an_error_is_noted_and_passes_untouched(shop, alias):
    from django.db import DatabaseError, IntegrityError, connections

    with Recording() as rec:
        with pytest.raises(IntegrityError):
            shop.Customer.objects.using(alias).create(name="a")
        with pytest.raises(DatabaseError), connections[alias].cursor() as cursor:
            cursor.execute("SELECT * FROM nowhere")
    errors = [span.error for span in queries(rec)]
    assert errors == ["IntegrityError", "OperationalError" if alias == "default" else "ProgrammingError"]


def test_the_driver_below_does_not_count_again(shop):
    from django.db import connections

    connections["archive"].close()
    driver_probe.install()
    try:
        with Recording() as rec:
            assert shop.Customer.objects.using("archive").count() == 0
    finally:
        driver_probe.remove()
        connections["archive"].close()
    assert [span.kind for span in rec.trace.spans] == ["connect", "query"]
    assert {span.attrs["library"] for span in rec.trace.spans} == {"django"}
    assert queries(rec)[0].attrs["rows"] == 1


def test_nothing_is_kept_where_nothing_is_recorded(shop):
    order = shop.Order.objects.first()
    with Recording() as rec:
        pass
    assert order.customer
    assert rec.trace.spans == []


def test_removing_puts_back_the_very_same_objects(shop):
    from asgiref.sync import SyncToAsync
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.backends.utils import CursorWrapper

    probe.remove()
    owners = (SyncToAsync, BaseDatabaseWrapper, CursorWrapper)
    before = [dict(vars(owner)) for owner in owners]
    probe.install()
    probe.install()
    assert [dict(vars(owner)) for owner in owners] != before
    probe.remove()
    probe.remove()
    assert [dict(vars(owner)) for owner in owners] == before


def test_a_statement_that_no_python_code_executed(shop):
    from django.db import connection

    with Recording() as rec, connection.cursor() as cursor:
        greenlet.greenlet(cursor.execute).switch("SELECT 1")
    assert [span.name for span in queries(rec)] == ["SELECT ?"]
