"""One call that several libraries recorded is one operation."""

import pytest

from tests.ingest.make import CLIENT, SERVER, document, query, request, resource, span, traces

SQL = "SELECT * FROM items WHERE order_id = ?"


def operations(folder, *spans, kinds=("query", "request")):
    """(kind, name, parent's name) of the operations, and how many were found to be another's layer."""
    whole = {"resourceSpans": [one if "scopeSpans" in one else resource(one) for one in spans]}
    found, noted = traces(folder, whole)
    (trace,) = found.values()
    names = {one.id: one.name for one in trace.spans}
    seen = [(one.kind, one.name, names.get(one.parent)) for one in trace.spans if one.kind in kinds]
    assert noted.losses() == []
    counted = [text for text in noted.remarks() if text.startswith("counted once")]
    return seen, int(counted[0].split()[2]) if counted else 0


def orm(number, parent=None, start=0, took=4, sql="SELECT * FROM items WHERE order_id = %(id)s", **facts):
    known = {"db.system": "postgresql", "db.statement": sql} | facts
    return resource(span(number, parent, start, took, "SELECT shop", CLIENT, facts=known), scope="orm")


def driver(number, parent=None, start=1, took=2, **facts):
    return resource(query(number, parent, start, took, facts=facts), scope="driver")


def test_a_drivers_span_inside_an_orms(tmp_path):
    root = span(1, None, 0, 99, "GET /")
    assert operations(tmp_path, root, orm(2, 1), driver(3, 2)) == ([("query", SQL, "GET /")], 1)


def test_three_layers_with_plain_spans_between(tmp_path):
    spans = [
        orm(1),
        span(2, 1, 0.5, 3, "execute"),
        orm(3, 2, 0.6, 2),
        span(4, 3, 0.7, 1),
        driver(5, 4, 0.8, 0.5),
    ]
    assert operations(tmp_path, *spans) == ([("query", SQL, None)], 2)


def test_the_outer_one_takes_up_what_the_inner_one_knows(tmp_path):
    outer = orm(1, **{"db.statement": "", "db.operation": "SELECT", "db.sql.table": "items"})
    inner = driver(2, 1, **{"server.address": "db", "db.response.returned_rows": 3})
    found, _ = traces(tmp_path, {"resourceSpans": [outer, inner]})
    ((one,),) = (trace.spans for trace in found.values())
    assert (one.name, one.duration_ns) == (SQL, 4_000_000)
    known = {key: one.attrs[key] for key in ("sql", "host", "rows", "tracer")}
    assert known == {"sql": SQL, "host": "db", "rows": 3, "tracer": "orm"}


def test_an_orms_span_around_several_queries_is_none(tmp_path):
    spans = [orm(1), driver(2, 1, 1, 1), driver(3, 1, 2, 1)]
    seen, layers = operations(tmp_path, *spans, kinds=("query", "span"))
    assert (seen, layers) == ([("span", SQL, None), ("query", SQL, SQL), ("query", SQL, SQL)], 0)


def test_another_query_inside_a_query_is_one_of_its_own(tmp_path):
    inner = driver(2, 1, **{"db.statement": "SELECT nextval('ids')"})
    assert len(operations(tmp_path, orm(1, sql="INSERT INTO a VALUES (5)"), inner)[0]) == 2
    both = driver(2, 1, **{"db.statement": "SELECT a FROM other"})
    assert len(operations(tmp_path, orm(1), both)[0]) == 2


def test_neighbours_of_other_tracers_are_layers_too(tmp_path):
    spans = [span(1, None, 0, 99, "GET /")]
    for n in range(4):
        spans += [orm(10 + n, 1, n * 10, 5), driver(20 + n, 1, n * 10 + 1, 2)]
    assert operations(tmp_path, *spans) == ([("query", SQL, "GET /")] * 4, 4)


def test_neighbours_at_once_are_paired(tmp_path):
    spans = [orm(1, None, 0, 10), orm(2, None, 1, 8.9), driver(3, None, 1.1, 8.7), driver(4, None, 1.2, 8.65)]
    assert operations(tmp_path, *spans) == ([("query", SQL, None)] * 2, 2)


@pytest.mark.parametrize(
    "other",
    [
        orm(2, None, 1, 2),
        driver(2, None, 3, 2),
        driver(2, None, 5, 1),
        driver(2, None, 1, 2, **{"db.statement": "SELECT a FROM b"}),
        resource(query(2, 77, 1, 2), scope="driver"),
        resource(query(2, None, 1, 2), scope=""),
    ],
    ids=["one tracer", "overlapping", "after", "another statement", "another parent", "no tracer"],
)
def test_other_neighbours_are_calls_of_their_own(tmp_path, other):
    assert len(operations(tmp_path, orm(1), other)[0]) == 2


def test_one_clients_request_inside_anothers(tmp_path):
    spans = [
        request(1, None, 0, 9),
        request(2, 1, 1, 5),
        request(3, None, 20, 9, url="http://api.test/users/18"),
    ]
    name = "GET api.test/users/{id}"
    assert operations(tmp_path, *spans) == ([("request", name, None)] * 2, 1)


@pytest.mark.parametrize(
    "changes", [{"url": "http://other.test/"}, {"facts": {"http.request.method": "PUT"}}]
)
def test_another_request_inside_a_request(tmp_path, changes):
    assert len(operations(tmp_path, request(1, None, 0, 9), request(2, 1, 1, 5, **changes))[0]) == 2


def test_a_request_that_was_sent_again(tmp_path):
    again = [request(2, 1, 1, 2, facts={"http.response.status_code": 503}), request(3, 1, 5, 2)]
    assert len(operations(tmp_path, request(1, None, 0, 9), *again)[0]) == 2


def test_what_a_service_asks_while_it_answers_is_its_own(tmp_path):
    spans = [request(1, None, 0, 9), span(2, 1, 1, 7, "GET /users", SERVER), request(3, 2, 2, 3)]
    assert len(operations(tmp_path, *spans)[0]) == 2


def test_what_begins_after_the_outer_one_is_no_part_of_it(tmp_path):
    assert len(operations(tmp_path, orm(1, None, 0, 1), driver(2, 1, 5, 1))[0]) == 2


def test_how_a_query_travels_is_no_request(tmp_path):
    elastic = {"db.system": "elasticsearch", "db.operation": "search"}
    spans = [span(1, None, 0, 9, kind=CLIENT, facts=elastic), request(2, 1, 1, 5), request(3, 2, 2, 2)]
    assert operations(tmp_path, *spans) == ([("query", "search", None)], 2)


def test_how_a_call_travels_is_no_second_one(tmp_path):
    call = {"rpc.system": "grpc", "rpc.service": "shop.Items", "rpc.method": "Get"}
    spans = [
        span(1, None, 0, 9, kind=CLIENT, facts=call),
        request(2, 1, 1, 5, url="http://api.test/shop.Items/Get"),
    ]
    assert operations(tmp_path, *spans) == ([("request", "GRPC /shop.Items/Get", None)], 1)


def test_connecting_is_no_query(tmp_path):
    spans = [
        span(1, None, 0, 1, "connect", CLIENT, facts={"db.system": "postgresql"}),
        span(
            2,
            None,
            2,
            1,
            "pool.acquire",
            CLIENT,
            facts={"db.system": "postgresql", "db.operation": "acquire"},
        ),
        query(3, None, 4, facts={"db.statement": "BEGIN"}),
        query(4, None, 6),
        span(5, None, 8, 1, "COMMIT", CLIENT, facts={"db.system": "postgresql", "db.operation": "COMMIT"}),
    ]
    seen, _ = operations(tmp_path, *spans, kinds=("query", "transaction", "span"))
    assert [kind for kind, _, _ in seen] == ["span", "span", "transaction", "query", "transaction"]


def test_a_long_chain_of_layers_is_one_operation(tmp_path):
    whole = document(*(query(n + 1, n or None, n / 1000, 99 - n / 500) for n in range(150)))
    found, noted = traces(tmp_path, whole)
    ((one,),) = (trace.spans for trace in found.values())
    assert (one.kind, one.parent) == ("query", None)
    assert noted.remarks() == ["counted once: 149 spans inside another layer's for the same call"]
