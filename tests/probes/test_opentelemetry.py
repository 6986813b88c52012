"""Spans of OpenTelemetry's real SDK, and of its instrumentations, in a recording."""

import asyncio
import contextlib
import contextvars
import inspect
import itertools
import json
import sqlite3
import subprocess
import sys
import textwrap
import threading

import pytest
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, StatusCode

import perfkit
from perfkit.probes import aiohttp as own_aiohttp
from perfkit.probes import opentelemetry as bridge
from perfkit.probes import sqlalchemy as own_sqlalchemy
from perfkit.probes import sqlite3 as own_sqlite3
from perfkit.tracing import Clock, Recording, enter, here, leave, span

SELECT = {"db.system": "sqlite", "db.statement": "SELECT a FROM b"}


@pytest.fixture(autouse=True)
def _nothing_installed():
    """No probe of an earlier test, and none is left."""
    perfkit.uninstrument()
    bridge.remove()
    yield
    own_aiohttp.remove()
    own_sqlalchemy.remove()
    own_sqlite3.remove()
    bridge.remove()
    assert not bridge._under_way


@pytest.fixture
def provider():
    made = TracerProvider(shutdown_on_exit=False)
    made.add_span_processor(bridge.PerfkitSpanProcessor())
    return made


@pytest.fixture
def tracer(provider):
    return provider.get_tracer("shop.lib")


def tree(rec):
    """(name, name of the parent) of all spans."""
    names = {s.id: s.name for s in rec.trace.spans}
    return [(s.name, names.get(s.parent)) for s in rec.trace.spans]


def client(tracer, name="x", **facts):
    return tracer.start_as_current_span(name, kind=SpanKind.CLIENT, attributes=facts)


# The tree


@pytest.mark.parametrize("kind", [SpanKind.SERVER, SpanKind.CONSUMER, SpanKind.PRODUCER, SpanKind.INTERNAL])
def test_where_a_service_answers(tracer, kind):
    with Recording() as rec:
        tracer.start_span("ended", kind=kind).end()
        never_ended = tracer.start_span("open", kind=kind)
    entry = True if kind in (SpanKind.SERVER, SpanKind.CONSUMER) else None
    assert [(one.name, one.attrs.get("entry")) for one in rec.trace.spans] == [
        ("ended", entry),
        ("open", entry),
    ]
    never_ended.end()


def test_spans_of_both_are_in_one_tree(tracer):
    with Recording() as rec, span("outer"):
        with tracer.start_as_current_span("middle"):
            line = inspect.currentframe().f_lineno - 1
            with span("inner"), tracer.start_as_current_span("innermost"):
                pass
        with span("after"):
            pass
    assert tree(rec) == [
        ("outer", None),
        ("middle", "outer"),
        ("inner", "middle"),
        ("innermost", "inner"),
        ("after", "outer"),
    ]
    middle = rec.trace.spans[1]
    assert (middle.kind, middle.error) == ("span", None)
    assert (middle.site.file, middle.site.line) == ("tests/probes/test_opentelemetry.py", line)
    assert middle.site.function == "test_spans_of_both_are_in_one_tree"
    assert middle.attrs == {"library": "opentelemetry", "tracer": "shop.lib"}


def test_spans_that_never_become_current_are_siblings(tracer):
    with Recording() as rec, tracer.start_as_current_span("parent"):
        first, second = tracer.start_span("first"), tracer.start_span("second")
        with tracer.start_as_current_span("third"):
            pass
        second.end()
        first.end()
    assert tree(rec) == [("parent", None), *((name, "parent") for name in ("first", "second", "third"))]


def test_roots_are_siblings_too(tracer):
    with Recording() as rec, span("mine"):
        first, second = tracer.start_span("first"), tracer.start_span("second")
        first.end()
        second.end()
    assert tree(rec) == [("mine", None), ("first", "mine"), ("second", "mine")]


def test_a_new_root_inside_a_span_belongs_below_it(tracer):
    with Recording() as rec, tracer.start_as_current_span("job"):
        tracer.start_span("new trace", context=otel_context.Context()).end()
    assert tree(rec) == [("job", None), ("new trace", "job")]


def test_a_parent_from_elsewhere_is_not_known(tracer):
    flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    remote = trace.set_span_in_context(trace.NonRecordingSpan(trace.SpanContext(1, 2, True, flags)))
    with Recording() as rec, span("mine"), tracer.start_as_current_span("GET", remote, SpanKind.SERVER):
        pass
    assert tree(rec) == [("mine", None), ("GET", "mine")]


def test_the_parent_is_named_by_its_context_alone(tracer):
    with Recording() as rec:
        with tracer.start_as_current_span("parent") as parent, span("not above"):
            pass
        parent = tracer.start_span("other")
        with span("mine"):
            tracer.start_span("child", trace.set_span_in_context(parent)).end()
        parent.end()
        tracer.start_span("late", trace.set_span_in_context(parent)).end()
    assert tree(rec) == [
        ("parent", None),
        ("not above", "parent"),
        ("other", None),
        ("mine", "other"),
        ("child", "mine"),
        ("late", None),
    ]


def test_a_thread_that_knows_only_opentelemetrys_context(tracer):
    with Recording() as rec, tracer.start_as_current_span("parent") as parent:
        known = trace.set_span_in_context(parent)
        bare = threading.Thread.__dict__["start"].__wrapped__

        def work():
            assert here() is None
            with tracer.start_as_current_span("child", known), span("mine"):
                pass

        thread = threading.Thread(target=work)
        bare(thread)
        thread.join()
    assert tree(rec) == [("parent", None), ("child", "parent"), ("mine", "child")]
    assert [s.thread for s in rec.trace.spans] == [1, 2, 2]


def test_ends_out_of_order_and_elsewhere(tracer):
    with Recording() as rec:
        first, second, third = (tracer.start_span(name) for name in ("first", "second", "third"))
        first.end()
        thread = threading.Thread(target=second.end)
        thread.start()
        thread.join()

        async def end():
            third.end()

        asyncio.run(end())
        with span("after"):
            pass
    assert tree(rec) == [(name, None) for name in ("first", "second", "third", "after")]
    ends = [s.end_ns for s in rec.trace.spans]
    assert ends == sorted(ends)


def test_tasks_do_not_mix(tracer):
    async def one(number, before, after):
        with tracer.start_as_current_span(f"a{number}"):
            before.set()
            await after.wait()
            with tracer.start_as_current_span(f"b{number}"), span(f"c{number}"):
                await asyncio.sleep(0)

    async def main():
        first, second = asyncio.Event(), asyncio.Event()
        with tracer.start_as_current_span("all"):
            await asyncio.gather(one(1, first, second), one(2, second, first))

    with Recording() as rec:
        asyncio.run(main())
    assert set(tree(rec)) == {
        ("all", None),
        *((f"a{n}", "all") for n in (1, 2)),
        *((f"b{n}", f"a{n}") for n in (1, 2)),
        *((f"c{n}", f"b{n}") for n in (1, 2)),
    }
    tasks = {s.name: s.task for s in rec.trace.spans}
    assert tasks["a1"] == tasks["b1"] == tasks["c1"] != tasks["a2"] == tasks["b2"] == tasks["c2"]


def test_what_a_generators_consumer_does_is_not_the_generators(tracer):
    def numbers():
        with tracer.start_as_current_span("generator"):
            yield 1
            with span("inside"):
                yield 2

    with Recording() as rec, span("consumer"):
        for _ in numbers():
            with span("step"):
                pass
    assert tree(rec) == [
        ("consumer", None),
        ("generator", "consumer"),
        ("step", "consumer"),
        ("inside", "generator"),
        ("step", "consumer"),
    ]


def test_a_generator_based_context_manager_is_none(tracer):
    @contextlib.contextmanager
    def working():
        with tracer.start_as_current_span("work"):
            yield

    with Recording() as rec, working(), span("inside"):
        pass
    assert tree(rec) == [("work", None), ("inside", "work")]


# What a span says


def test_what_is_known_at_the_end_counts(tracer):
    with Recording() as rec, tracer.start_as_current_span("GET", kind=SpanKind.CLIENT) as opened:
        opened.set_attributes({"http.request.method": "GET", "url.full": "http://api.test/users/17"})
        opened.set_attribute("http.response.status_code", 503)
        opened.set_status(StatusCode.ERROR)
        opened.update_name("renamed")
    (found,) = rec.trace.spans
    assert (found.kind, found.name) == ("request", "GET api.test/users/{id}")
    # a refusal is an answer, as it is to perfkit's own probes
    assert (found.attrs["status"], found.error) == (503, None)
    assert (found.attrs["library"], found.attrs["tracer"]) == ("opentelemetry", "shop.lib")


def test_values_stay_out(tracer):
    with Recording() as rec:
        with client(tracer, "s", **{**SELECT, "db.statement": "SELECT 's3cr3t' FROM b WHERE c = 's3cr3t'"}):
            pass
        with tracer.start_as_current_span(
            "GET /s/5f3e9a10c4d2s3cr3t", attributes={"note": "s3cr3t"}
        ) as opened:
            opened.add_event("note", {"a": "s3cr3t"})
            opened.set_status(StatusCode.ERROR, "s3cr3t")
        with pytest.raises(KeyError), tracer.start_as_current_span("x"):
            raise KeyError("s3cr3t")
        tracer.start_span("/unfinished/5f3e9a10c4d2s3cr3t", attributes={"note": "s3cr3t"})
    bridge._under_way.clear()
    assert len(rec.trace.spans) == 4
    assert "s3cr3t" not in repr(rec.trace)


def test_values_are_kept_when_asked_for(tracer):
    with Recording(keep_values=True) as rec, tracer.start_as_current_span("x", attributes={"user": "me"}):
        pass
    assert rec.trace.spans[0].attrs["user"] == "me"


class OddError(Exception):
    pass


def test_errors(tracer):
    with Recording() as rec:
        with pytest.raises(OddError), tracer.start_as_current_span("raised"):
            raise OddError
        with tracer.start_as_current_span("set") as opened:
            opened.set_status(StatusCode.ERROR)
        with tracer.start_as_current_span("named", attributes={"error.type": "quota.Exceeded"}) as opened:
            opened.set_status(StatusCode.ERROR)
        with tracer.start_as_current_span("handled") as opened:
            opened.record_exception(ValueError("s3cr3t"))
        with tracer.start_as_current_span("escaped") as opened:
            opened.record_exception(ValueError("s3cr3t"), escaped=True)
        with tracer.start_as_current_span("named by a value") as opened:
            opened.set_attribute("error.type", "no such user: me@example.com")
            opened.set_status(StatusCode.ERROR)
        with pytest.raises(OddError), client(tracer, **{"http.method": "GET", "http.url": "http://h/"}):
            raise OddError
        with client(tracer, **{"http.method": "GET", "http.url": "http://h/"}) as opened:
            opened.set_status(StatusCode.ERROR)
    assert [(s.name, s.error) for s in rec.trace.spans] == [
        ("raised", "OddError"),
        ("set", "error"),
        ("named", "Exceeded"),
        ("handled", None),
        ("escaped", "ValueError"),
        ("named by a value", "error"),
        ("GET h/", "OddError"),
        ("GET h/", "error"),
    ]


def test_a_servers_span_is_the_applications(tracer):
    facts = {"http.request.method": "GET", "url.path": "/users/17", "http.route": "/users/<pk>"}
    with Recording() as rec:
        opened = tracer.start_span("GET /users/17", kind=SpanKind.SERVER, attributes=facts)
        opened.update_name("GET /users/<pk>")
        opened.end()
    (found,) = rec.trace.spans
    assert (found.kind, found.name) == ("span", "GET /users/<pk>")
    assert (found.attrs["url.path"], found.attrs["http.request.method"]) == ("?", "GET")


# Time and recordings


def test_times_are_on_the_recordings_clock(tracer):
    ticks = itertools.count(0, 10)
    with Recording(clock=Clock("virtual", ticks.__next__)) as rec:
        with tracer.start_as_current_span("first"):
            pass
        # moments of another clock say nothing here
        tracer.start_span("second", start_time=1).end(end_time=2)
    assert [(s.start_ns, s.end_ns) for s in rec.trace.spans] == [(10, 20), (30, 40)]


def test_moments_given_by_hand(tracer):
    with Recording() as rec:
        tracer.start_span("long ago", start_time=1).end()
        tracer.start_span("ended before it started").end(end_time=1)
        tracer.start_span("to come").end(end_time=2**62)
    long_ago, ended, to_come = rec.trace.spans
    assert long_ago.start_ns == rec.trace.start_ns < long_ago.end_ns <= ended.start_ns
    assert ended.end_ns == ended.start_ns
    assert to_come.start_ns <= to_come.end_ns <= rec.trace.end_ns


def test_without_a_recording_nothing_is_kept(tracer):
    with client(tracer, **SELECT):
        assert not bridge._under_way
    before = tracer.start_as_current_span("before")
    with before, Recording() as rec, tracer.start_as_current_span("inside"):
        pass
    assert tree(rec) == [("inside", None)]


def test_what_the_recording_does_not_see_the_end_of(tracer):
    with Recording() as rec:
        opened = tracer.start_span("span")
        asking = tracer.start_span("client", kind=SpanKind.CLIENT, attributes=SELECT)
    opened.set_attribute("late", 5)
    opened.end()
    asking.end()
    (found,) = rec.trace.spans
    assert (found.name, found.error, found.attrs) == ("span", "unfinished", {"library": "opentelemetry"})
    assert found.end_ns == rec.trace.end_ns


def test_nested_recordings(tracer):
    above = tracer.start_as_current_span("a")
    with Recording() as outer, above, Recording() as inner, client(tracer, **SELECT):
        pass
    assert tree(outer) == [("a", None), ("SELECT a FROM b", "a")]
    assert tree(inner) == [("SELECT a FROM b", None)]


def test_spans_that_nobody_ends_are_forgotten_in_time(tracer, monkeypatch):
    monkeypatch.setattr(bridge, "MAX_UNDER_WAY", 3)
    with Recording() as rec:
        opened = [tracer.start_span(f"s{n}") for n in range(5)]
        assert len(bridge._under_way) == 3
        for one in opened:
            one.end()
    assert [s.error for s in rec.trace.spans] == ["unfinished", "unfinished", None, None, None]


def test_a_bug_in_the_bridge_does_not_escape(tracer, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError

    with Recording() as rec:
        with monkeypatch.context() as patched:
            patched.setattr(bridge, "capture", broken)
            with tracer.start_as_current_span("start"):
                pass
            patched.undo()
            patched.setattr(bridge, "describe", broken)
            with tracer.start_as_current_span("end"):
                pass
        with tracer.start_as_current_span("after"):
            pass
    assert tree(rec) == [("end", None), ("after", None)]


@pytest.mark.parametrize(("name", "shown"), [(5, "{id}"), (None, "None"), (b"x", "b'x'")])
def test_odd_names(tracer, name, shown):
    with Recording() as rec, tracer.start_as_current_span(name):
        pass
    assert rec.trace.spans[0].name == shown


# One operation, counted once


def test_a_query_that_a_probe_saw_too(tracer):
    own_sqlite3.install()
    connection = sqlite3.connect(":memory:")
    cursor = connection.cursor()
    with Recording() as rec, span("mine"), client(tracer, "SELECT", **SELECT):
        cursor.execute("SELECT 1 WHERE 2 = ?", (3,))
    connection.close()
    assert tree(rec) == [("mine", None), ("SELECT ? WHERE ? = ?", "mine")]
    assert rec.trace.spans[1].attrs["library"] == "sqlite3"


def test_a_query_inside_a_probes(tracer):
    with Recording() as rec:
        opened = enter("query", "SELECT 1", {}, inspect.currentframe())
        with client(tracer, **SELECT), tracer.start_as_current_span("helper"), client(tracer, **SELECT):
            pass
        leave(opened)
    assert tree(rec) == [("SELECT 1", None), ("helper", "SELECT 1")]


def test_what_is_no_query_inside_a_probes_stays(tracer):
    with Recording() as rec:
        opened = enter("query", "SELECT 1", {}, inspect.currentframe())
        with client(tracer, **{"http.method": "GET", "http.url": "http://h/"}), client(tracer, "connect"):
            pass
        leave(opened)
    assert tree(rec) == [("SELECT 1", None), ("GET h/", "SELECT 1"), ("connect", "GET h/")]


def test_a_database_in_the_process_may_be_called_internal(tracer):
    with Recording() as rec:
        with tracer.start_as_current_span("x", attributes=SELECT):
            leave(enter("query", "SELECT a FROM b", {"own": True}, inspect.currentframe()))
        with tracer.start_as_current_span("x", attributes=SELECT):
            pass
    assert [s.attrs.get("own") for s in rec.trace.of_kind("query")] == [True, None]


def test_two_queries_of_one_tracer_are_two(tracer):
    with Recording() as rec:
        first = tracer.start_span("first", kind=SpanKind.CLIENT, attributes=SELECT)
        second = tracer.start_span("second", kind=SpanKind.CLIENT, attributes=SELECT)
        second.end()
        first.end()
    assert rec.counts["query"] == 2


def test_two_tracers_see_one_query(provider):
    upper, lower = provider.get_tracer("orm"), provider.get_tracer("driver")
    with Recording() as rec:
        with client(upper, **SELECT), client(lower, **SELECT):
            pass
        apart = upper.start_span("x", kind=SpanKind.CLIENT, attributes=SELECT)
        with client(lower, **SELECT):
            pass
        apart.end()
    assert [s.attrs["tracer"] for s in rec.trace.spans] == ["driver", "driver"]


def test_a_query_of_another_task_is_another(tracer):
    async def main():
        apart = tracer.start_span(
            "x", context=otel_context.Context(), kind=SpanKind.CLIENT, attributes=SELECT
        )
        await asyncio.get_running_loop().create_task(other(), context=empty)
        apart.end()

    async def other():
        leave(enter("query", "SELECT a FROM b", {}, inspect.currentframe()))

    with Recording() as rec:
        empty = contextvars.copy_context()
        asyncio.run(main())
    assert rec.counts["query"] == 2


@pytest.mark.parametrize(("host", "count"), [("api.test", 1), ("login.test", 2)])
@pytest.mark.parametrize("outer", ["own", "opentelemetry"])
def test_requests_to_the_same_host_are_one(tracer, host, count, outer):
    facts = {"http.request.method": "GET", "url.full": f"http://{host}/users/17"}
    attrs = {"host": "api.test", "method": "GET"}
    with Recording() as rec:
        if outer == "own":
            opened = enter("request", "GET api.test/users/{id}", attrs, inspect.currentframe())
            with client(tracer, **facts):
                pass
            leave(opened)
        else:
            with client(tracer, **facts):
                leave(enter("request", "GET api.test/users/{id}", attrs, inspect.currentframe()))
    assert rec.counts["request"] == count


def test_requests_of_aiohttp_traced_by_its_own_hooks(tracer):
    """As OpenTelemetry's instrumentation of aiohttp does it: a span per request, from aiohttp's hooks."""
    import aiohttp
    from aiohttp import web

    own_aiohttp.install()
    config = aiohttp.TraceConfig()

    async def begin(session, context, params):
        facts = {"http.request.method": params.method, "url.full": str(params.url)}
        context.span = tracer.start_span(params.method, kind=SpanKind.CLIENT, attributes=facts)
        context.token = otel_context.attach(trace.set_span_in_context(context.span))

    async def end(session, context, params):
        context.span.set_attribute("http.response.status_code", params.response.status)
        context.span.end()
        otel_context.detach(context.token)

    config.on_request_start.append(begin)
    config.on_request_end.append(end)

    async def main():
        async def handle(request):
            return web.Response(text="x")

        app = web.Application()
        app.router.add_get("/{tail:.*}", handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/users/17"
        try:
            async with aiohttp.ClientSession(trace_configs=[config]) as session:
                with Recording() as rec:
                    async with session.get(url) as answer:
                        await answer.read()
                    own_aiohttp.remove()
                    async with session.get(url) as answer:
                        await answer.read()
            return rec
        finally:
            await runner.cleanup()

    rec = asyncio.run(main())
    own, bridged = rec.trace.of_kind("request")
    assert own.name == bridged.name
    assert bridged.attrs["library"] == "opentelemetry" != own.attrs.get("library")
    assert own.attrs["params"] == bridged.attrs["params"]
    assert own.attrs["status"] == bridged.attrs["status"] == 200


# OpenTelemetry's own instrumentations


INSTRUMENTORS = {"sqlite3": "SQLite3Instrumentor", "sqlalchemy": "SQLAlchemyInstrumentor"}


@contextlib.contextmanager
def instrumented(provider, *names):
    """The named libraries, instrumented by OpenTelemetry."""
    with contextlib.ExitStack() as stack:
        for name in names:
            module = pytest.importorskip(f"opentelemetry.instrumentation.{name}", reason="is not installed")
            made = getattr(
                module, {"sqlite3": "SQLite3Instrumentor", "sqlalchemy": "SQLAlchemyInstrumentor"}[name]
            )
            made().instrument(tracer_provider=provider, skip_dep_check=True)
            stack.callback(made().uninstrument)
        yield


def test_sqlite3(provider):
    with instrumented(provider, "sqlite3"), Recording() as rec:
        connection = sqlite3.connect(":memory:")
        cursor = connection.cursor()
        cursor.execute("SELECT 's3cr3t' WHERE 1 = ?", (1,))
        line = inspect.currentframe().f_lineno - 1
        with pytest.raises(sqlite3.OperationalError):
            cursor.execute("SELECT * FROM nowhere")
        connection.close()
    found, failed = rec.trace.of_kind("query")
    assert (found.name, found.attrs["system"]) == ("SELECT ? WHERE ? = ?", "sqlite")
    assert found.site.line == line
    assert found.attrs["tracer"] == "opentelemetry.instrumentation.sqlite3"
    assert "params" not in found.attrs
    assert (failed.name, failed.error) == ("SELECT * FROM nowhere", "OperationalError")
    assert "s3cr3t" not in repr(rec.trace)


LAYERS = [
    (layers, own)
    for layers in (("sqlite3",), ("sqlalchemy",), ("sqlite3", "sqlalchemy"))
    for own in ((), (own_sqlite3,), (own_sqlalchemy,), (own_sqlite3, own_sqlalchemy))
]


@pytest.mark.parametrize(("layers", "own"), LAYERS)
def test_a_statement_is_one_query_however_many_layers_tell_of_it(provider, layers, own):
    sqlalchemy = pytest.importorskip("sqlalchemy")
    for probe in own:
        probe.install()
    with instrumented(provider, *layers):
        engine = sqlalchemy.create_engine("sqlite://")
        with engine.connect() as connection, Recording() as rec, span("page"):
            for number in range(2):
                connection.execute(sqlalchemy.text("SELECT 1 WHERE 2 = :n"), {"n": number}).fetchall()
        engine.dispose()
    found = rec.trace.of_kind("query")
    assert [(s.name, s.parent) for s in found] == [("SELECT ? WHERE ? = ?", 1)] * 2
    library = "sqlalchemy" if own_sqlalchemy in own else "sqlite3" if own else "opentelemetry"
    assert {s.attrs["library"] for s in found} == {library}
    assert {s.site.function for s in found} == {
        "test_a_statement_is_one_query_however_many_layers_tell_of_it"
    }


DJANGO = """
    import json, sys
    import django
    from django.conf import settings
    from django.http import HttpResponse
    from django.urls import path
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from perfkit.probes.opentelemetry import PerfkitSpanProcessor
    from perfkit.tracing import Recording

    def page(request, pk):
        from django.db import connection
        with connection.cursor() as cursor:
            cursor.execute("SELECT 's3cr3t' WHERE 1 = %s", [pk])
        return HttpResponse("x")

    urlpatterns = [path("users/<int:pk>/", page)]
    database = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    settings.configure(
        ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DATABASES={"default": database}, MIDDLEWARE=[]
    )
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(PerfkitSpanProcessor())
    DjangoInstrumentor().instrument(tracer_provider=provider)
    SQLite3Instrumentor().instrument(tracer_provider=provider)
    django.setup()
    from django.test import Client
    with Recording() as rec:
        assert Client().get("/users/17/?key=s3cr3t").status_code == 200
    names = {s.id: s.name for s in rec.trace.spans}
    assert "s3cr3t" not in repr(rec.trace)
    print(json.dumps([[s.kind, s.name, names.get(s.parent), s.attrs.get("http.status_code")]
                      for s in rec.trace.spans if not s.attrs.get("catalogue")]))
"""


def test_django(tmp_path):
    pytest.importorskip("opentelemetry.instrumentation.django", reason="is not installed")
    script = tmp_path / "app.py"
    script.write_text(textwrap.dedent(DJANGO))
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["span", "GET users/<int:pk>/", None, 200],
        ["query", "SELECT ? WHERE ? = ?", "GET users/<int:pk>/", None],
    ]


# Switching it on and off


@pytest.fixture
def no_provider(monkeypatch):
    """As in a program that has set no TracerProvider yet."""
    from opentelemetry.util._once import Once

    monkeypatch.setattr(trace, "_TRACER_PROVIDER", None)
    monkeypatch.setattr(trace, "_TRACER_PROVIDER_SET_ONCE", Once())


def processors(provider):
    return provider._active_span_processor._span_processors


class Other(SpanProcessor):
    pass


@pytest.mark.parametrize("first", ["provider", "probe"])
def test_the_global_provider_is_watched_whenever_it_is_set(no_provider, first):
    plain = trace._set_tracer_provider
    provider, other = TracerProvider(shutdown_on_exit=False), Other()
    provider.add_span_processor(other)
    if first == "provider":
        trace.set_tracer_provider(provider)
        bridge.install()
    else:
        tracer = trace.get_tracer("early")  # a proxy, until there is a provider
        bridge.install()
        trace.set_tracer_provider(provider)
        with Recording() as rec, tracer.start_as_current_span("x"):
            pass
        assert tree(rec) == [("x", None)]
    bridge.install()
    before, added = processors(provider)
    assert before is other
    assert isinstance(added, SpanProcessor)
    with Recording() as rec, trace.get_tracer("lib").start_as_current_span("x"):
        pass
    assert tree(rec) == [("x", None)]

    bridge.remove()
    bridge.remove()
    assert processors(provider) == (other,)
    assert trace._set_tracer_provider is plain
    with Recording() as rec, trace.get_tracer("lib").start_as_current_span("x"):
        pass
    assert tree(rec) == []


def test_a_recording_that_expects_it(no_provider):
    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    with perfkit.record(probes="opentelemetry") as rec, trace.get_tracer("lib").start_as_current_span("x"):
        pass
    assert (tree(rec), rec.trace.warnings) == ([("x", None)], [])
    with perfkit.record(probes="opentelemetry") as rec:
        pass
    assert "expected to see opentelemetry at work, and saw nothing" in rec.trace.warnings[0]


def test_an_sdk_that_is_imported_while_a_recording_lasts():
    code = """
        import perfkit
        with perfkit.record() as rec:
            from opentelemetry import trace
            from opentelemetry.sdk.trace import TracerProvider
            trace.set_tracer_provider(TracerProvider())
            with trace.get_tracer("lib").start_as_current_span("x"):
                pass
        print([s.name for s in rec.trace.spans if s.attrs.get("library") == "opentelemetry"])
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['x']\n"


def test_one_that_cannot_be_taken_out_is_inert(no_provider):
    class Foreign:
        """A provider that is none of the SDK's, with one inside."""

        def __init__(self):
            self.inner = TracerProvider(shutdown_on_exit=False)
            self.get_tracer = self.inner.get_tracer
            self.add_span_processor = self.inner.add_span_processor

    provider = Foreign()
    trace.set_tracer_provider(provider)
    bridge.install()
    bridge.remove()
    assert len(processors(provider.inner)) == 1
    with Recording() as rec, trace.get_tracer("lib").start_as_current_span("x"):
        pass
    assert tree(rec) == []


def test_added_twice_it_records_once(provider, no_provider):
    trace.set_tracer_provider(provider)
    bridge.install()
    assert len(processors(provider)) == 2
    with Recording() as rec, trace.get_tracer("lib").start_as_current_span("x"):
        pass
    assert tree(rec) == [("x", None)]


def test_without_a_provider_nothing_is_made(no_provider):
    bridge.install()
    assert trace._TRACER_PROVIDER is None
    bridge.remove()


def test_a_span_that_is_open_while_the_probe_is_removed(no_provider):
    provider = TracerProvider(shutdown_on_exit=False)
    trace.set_tracer_provider(provider)
    bridge.install()
    with Recording() as rec, trace.get_tracer("lib").start_as_current_span("x"):
        bridge.remove()
    assert [(s.name, s.error) for s in rec.trace.spans] == [("x", "unfinished")]


def test_the_processor_is_a_real_one(provider, tracer):
    (processor,) = processors(provider)
    assert isinstance(processor, SpanProcessor)
    assert type(processor) is bridge.PerfkitSpanProcessor
    assert type(processor).__module__ == "perfkit.probes.opentelemetry"
    assert provider.force_flush() is True
    provider.shutdown()
    with Recording() as rec, tracer.start_as_current_span("x"):
        pass
    assert tree(rec) == []


def test_the_module_needs_no_sdk():
    code = textwrap.dedent(
        """
        import sys
        sys.modules["opentelemetry"] = None
        import perfkit.probes.opentelemetry as bridge
        for ask in (lambda: bridge.PerfkitSpanProcessor, bridge.install):
            try:
                ask()
            except ImportError:
                print("ImportError")
        bridge.remove()
        assert not hasattr(bridge, "nonsense")
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "ImportError\nImportError\n"
