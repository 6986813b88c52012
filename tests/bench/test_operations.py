from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.operations import Operations, operations_of, p95
from perfkit.model import Span, Trace


def trace(*spans):
    return Trace("virtual", 0, 1000, [Span(number, None, *span) for number, span in enumerate(spans)])


def request(status=None, error=None, end=5):
    attrs = {} if status is None else {"status": status}
    return ("request", "GET /a", 0, end, None, (), 0, 0, attrs, error)


def query(ns, error=None):
    return ("query", "SELECT ?", 0, ns, None, (), 0, 0, {}, error)


def test_what_failed():
    found = trace(
        *(request(200), request(404), request(304)),
        *(request(429), request(500), request(503), request(0), request(), request(200, "ClientError")),
        *(query(10), query(30, "IntegrityError")),
        ("connect", "example.test", 0, 5, None, (), 0, 0, {}, "OSError"),
    )
    assert operations_of(found) == Operations(total=11, failed=7, queries=2, query_p95_ns=30)


def test_a_query_under_way_has_no_duration():
    assert operations_of(trace(query(-1))) == Operations(total=1, failed=0)
    assert operations_of(trace()) == Operations()


@given(st.lists(st.integers(0, 10**12), min_size=1))
def test_the_percentile_is_a_value_with_95_of_100_at_or_below_it(values):
    found = p95(values)
    assert found in values
    assert 100 * sum(value <= found for value in values) >= 95 * len(values)
    assert 100 * sum(value < found for value in values) < 95 * len(values)
