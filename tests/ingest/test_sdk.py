"""Spans of OpenTelemetry's real SDK and instrumentations, exported as protobuf's JSON."""

import sqlite3

import pytest
import sqlalchemy
from opentelemetry.trace import SpanKind, StatusCode

from perfkit.model import Frame
from tests.ingest.make import found, judged, only

otel = pytest.importorskip("tests.ingest.otel", reason="needs opentelemetry-proto", exc_type=ImportError)
as_json, provider = otel.as_json, otel.provider

READ = "SELECT a FROM t WHERE id = :id"


@pytest.fixture
def watched():
    """A provider whose spans SQLAlchemy and sqlite3 make, the ORM's around the driver's."""
    orm = pytest.importorskip("opentelemetry.instrumentation.sqlalchemy").SQLAlchemyInstrumentor()
    driver = pytest.importorskip("opentelemetry.instrumentation.sqlite3").SQLite3Instrumentor()
    made, kept = provider()
    driver.instrument(tracer_provider=made, skip_dep_check=True)
    engine = sqlalchemy.create_engine("sqlite://")
    orm.instrument(engine=engine, tracer_provider=made, skip_dep_check=True)
    yield made.get_tracer("web"), engine, kept
    orm.uninstrument()
    driver.uninstrument()
    engine.dispose()


@pytest.mark.parametrize("options", [{}, {"preserving_proto_field_name": True}, {"indent": None}])
def test_a_loop_over_two_instrumentations(tmp_path, watched, options):
    tracer, engine, kept = watched
    with tracer.start_as_current_span("GET /items", kind=SpanKind.SERVER), engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)"))
        connection.execute(sqlalchemy.text("INSERT INTO t (a) VALUES (:a)"), [{"a": n} for n in range(9)])
        for number in range(6):
            connection.execute(sqlalchemy.text(READ), {"id": number}).all()
    analysis = judged(tmp_path, as_json(kept.spans, **options))
    assert found(analysis) == [("PK101", 6, 1)]
    assert analysis.findings[0].template == "SELECT a FROM t WHERE id = ?"
    assert analysis.findings[0].place == "shop: GET /items"
    assert analysis.remarks == ["counted once: 8 spans inside another layer's for the same call"]
    assert analysis.imported.spans == len(kept.spans)


def test_a_driver_alone(tmp_path):
    driver = pytest.importorskip("opentelemetry.instrumentation.sqlite3").SQLite3Instrumentor()
    made, kept = provider("worker")
    driver.instrument(tracer_provider=made, skip_dep_check=True)
    try:
        connection = sqlite3.connect(":memory:")
        cursor = connection.cursor()
        with made.get_tracer("web").start_as_current_span("work"):
            for number in range(5):
                cursor.execute(f"SELECT {number} AS a").fetchall()
    finally:
        driver.uninstrument()
    connection.close()
    trace = only(tmp_path, as_json(kept.spans))
    assert [one.kind for one in trace.spans] == ["span", *["query"] * 5]
    assert len({one.attrs["params"] for one in trace.spans[1:]}) == 5


def test_kinds_errors_and_lines(tmp_path):
    made, kept = provider()
    tracer = made.get_tracer("lib")
    facts = {"code.file.path": "app/views.py", "code.line.number": 41, "code.function.name": "page"}
    with tracer.start_as_current_span("handle", kind=SpanKind.CONSUMER, attributes=facts):
        with pytest.raises(ValueError, match="secret"), tracer.start_as_current_span("parse"):
            raise ValueError("secret")
        with tracer.start_as_current_span("charge", kind=SpanKind.CLIENT) as refused:
            refused.set_attributes(
                {"rpc.system": "grpc", "rpc.service": "shop.Cards", "rpc.method": "Charge"}
            )
            refused.set_attribute("rpc.grpc.status_code", 14)
            refused.set_status(StatusCode.ERROR)
    handle, parse, charge = only(tmp_path, as_json(kept.spans)).spans
    assert (handle.attrs["entry"], handle.site) == (True, Frame("app/views.py", 41, "page"))
    assert (parse.parent, parse.error) == (1, "ValueError")
    assert (charge.kind, charge.name, charge.attrs["status"], charge.error) == (
        "request",
        "GRPC /shop.Cards/Charge",
        503,
        None,
    )
    assert "secret" not in repr((handle, parse, charge))
