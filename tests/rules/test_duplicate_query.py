import pytest

from perfkit.rules import Limits, View
from perfkit.rules.duplicate_query import check

from .traces import LOOP, MS, queries, query, span, trace_of

SETTINGS = "SELECT value FROM settings WHERE name = ?"


def found(spans, limits=None):
    return check(View(trace_of(spans), limits))


def same(count, sql=SETTINGS, params=("vat",), step_ns=10 * MS, **facts):
    return [query(n * step_ns, 2 * MS, sql, params, **facts) for n in range(count)]


def test_the_same_again_is_found_at_its_line():
    (finding,) = found(same(5))
    assert (finding.rule, finding.count, finding.site) == ("PK103", 5, LOOP)
    assert finding.saving_ns == 4 * 2 * MS
    assert finding.basis == "1 of 5 calls would do; now 10 ms in all"
    assert finding.evidence == ["5 equal queries"]


@pytest.mark.parametrize(("count", "findings"), [(2, 0), (3, 1)])
def test_twice_is_no_finding(count, findings):
    assert len(found(same(count))) == findings


def test_a_few_different_ones_again_and_again():
    spans = [query(n * MS, MS // 2, SETTINGS, (n % 2,)) for n in range(10)]
    (finding,) = found(spans)
    assert finding.evidence == ["10 queries, 2 different"]
    assert finding.saving_ns == 8 * MS // 2


def test_different_ones_are_another_rules():
    assert found(queries(10, SETTINGS)) == []


@pytest.mark.parametrize(
    "sql",
    ["SELECT 1", "SELECT id FROM jobs WHERE a = 1 FOR UPDATE SKIP LOCKED", "SELECT nextval('s') FROM t"],
)
def test_pings_and_what_takes_something_are_no_duplicates(sql):
    assert found(same(9, sql, None)) == []


def test_what_is_not_known_is_no_duplicate():
    spans = same(9)
    for s in spans:
        del s.attrs["params"]
    assert found(spans) == []


def test_asking_again_after_writing_the_table_is_no_duplicate():
    asked = same(5)
    written = [query(n * 10 * MS + 5 * MS, MS, "UPDATE settings SET value = ?", (n,)) for n in range(5)]
    assert found(asked + written) == []
    other = [query(n * 10 * MS + 5 * MS, MS, "UPDATE users SET name = ?", (n,)) for n in range(5)]
    assert len(found(asked + other)) == 1


def test_polling_is_no_duplicate():
    spans = same(5, step_ns=100 * MS)
    assert found(spans) == []  # nothing happens in even pauses
    slept = [span("wait", n * 10 * MS + 3 * MS, 6 * MS, "asyncio.sleep") for n in range(5)]
    assert found(same(5) + slept) == []
    uneven = [query(at * MS, 2 * MS, SETTINGS, ("vat",)) for at in (0, 20, 400, 410, 600)]
    assert len(found(uneven)) == 1


def test_pauses_of_any_shape_are_polling_where_no_lines_are_known():
    at = (0, 500, 700, 2600, 2800, 5000)
    unplaced = [query(ms * MS, 2 * MS, SETTINGS, ("vat",), path=((),)) for ms in at]
    for made in unplaced:
        made.path, made.site = (), None
    assert found(unplaced) == []
    busy = span("request", 800 * MS, 1700 * MS, "GET h/x", path=((),))
    assert len(found([*unplaced, busy])) == 1


def test_failed_ones_are_tried_again():
    spans = same(4)
    for s in spans[:-1]:
        s.error = "OperationalError"
    assert found(spans) == []


def test_the_number_is_a_setting():
    assert found(same(5), Limits(min_duplicates=6)) == []


def test_what_an_orm_is_told_to_load_again_is_meant():
    assert found(same(5, reload="Setting")) == []
