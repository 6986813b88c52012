"""Filters of the list methods, rule by rule, and against a plain reading of every row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24 import data
from perfkit.worlds.bitrix24.fields import TEXT, Field
from perfkit.worlds.bitrix24.filters import parse_filter, predicate, split_key
from tests.worlds.bitrix24.helpers import ids, make_portal, read_all, result

pytestmark = pytest.mark.once


PORTAL = make_portal(leads=200)
LEADS = read_all(PORTAL, "crm.lead.list")
ACTIVITIES = read_all(PORTAL, "crm.activity.list")


def leads(**conditions):
    return ids(read_all(PORTAL, "crm.lead.list", filter=conditions))


def expected(test):
    found = [int(row["ID"]) for row in LEADS if test(row)]
    assert 0 < len(found) < len(LEADS), "a condition that tells nothing apart tests nothing"
    return found


@pytest.mark.parametrize(
    ("key", "field"),
    [
        (">=ID", (">=", "ID")), (">ID", (">", "ID")), ("<=ID", ("<=", "ID")), ("<ID", ("<", "ID")),
        ("@ID", ("@", "ID")), ("!@ID", ("!@", "ID")), ("%ID", ("%", "ID")), ("=%ID", ("=%", "ID")),
        ("%=ID", ("%=", "ID")), ("!%ID", ("!%", "ID")), ("!=%ID", ("!=%", "ID")), ("!%=ID", ("!%=", "ID")),
        ("=ID", ("=", "ID")), ("!=ID", ("!=", "ID")), ("!ID", ("!", "ID")), ("ID", ("", "ID")),
        ("", ("", "")),
        ("id", ("", "id")),
    ],
)  # fmt: skip
def test_operators_are_told_from_fields(key, field):
    assert split_key(key) == field


@pytest.mark.parametrize(
    ("key", "test"),
    [
        (">=ID", lambda n: n >= 120), (">ID", lambda n: n > 120),
        ("<=ID", lambda n: n <= 120), ("<ID", lambda n: n < 120),
        ("=ID", lambda n: n == 120), ("ID", lambda n: n == 120),
        ("@ID", lambda n: n == 120), ("!ID", lambda n: n != 120),
        ("!=ID", lambda n: n != 120), ("!@ID", lambda n: n != 120),
        ("%ID", lambda n: n == 120), ("=%ID", lambda n: n == 120), ("%=ID", lambda n: n == 120),
        ("!%ID", lambda n: n != 120), ("!=%ID", lambda n: n != 120), ("!%=ID", lambda n: n != 120),
    ],
)  # fmt: skip
def test_operators_on_numbers(key, test):
    assert leads(**{key: "120"}) == expected(lambda row: test(int(row["ID"])))


def test_numbers_are_compared_as_numbers():
    assert leads(**{">ID": "99", "<ID": 101}) == [100]


@pytest.mark.parametrize("key", ["STATUS_ID", "=STATUS_ID", "@STATUS_ID", "%STATUS_ID", "=%STATUS_ID"])
@pytest.mark.parametrize("wanted", [["NEW", "JUNK"], {"0": "NEW", "7": "JUNK"}])
def test_an_array_means_any_of_these(key, wanted):
    assert leads(**{key: wanted}) == expected(lambda row: row["STATUS_ID"] in ("NEW", "JUNK"))


@pytest.mark.parametrize("key", ["!STATUS_ID", "!=STATUS_ID", "!@STATUS_ID", "!%STATUS_ID"])
def test_a_negated_array_means_none_of_these(key):
    assert leads(**{key: ["NEW", "JUNK"]}) == expected(lambda row: row["STATUS_ID"] not in ("NEW", "JUNK"))


def test_all_conditions_must_hold():
    found = leads(STATUS_ID=list(data.REPORT_STATUSES), ASSIGNED_BY_ID=list(data.REPORT_MANAGERS))
    assert len(found) == 200
    assert found == expected(
        lambda row: (
            row["STATUS_ID"] in data.REPORT_STATUSES and int(row["ASSIGNED_BY_ID"]) in data.REPORT_MANAGERS
        )
    )


def test_a_negated_condition_keeps_rows_without_a_value():
    assert leads(**{"!SOURCE_ID": "CALL"}) == expected(lambda row: row["SOURCE_ID"] != "CALL")
    assert leads(**{"!COMPANY_ID": 1}) == expected(lambda row: row["COMPANY_ID"] != "1")


@pytest.mark.parametrize("empty", ["", None, False])
def test_an_empty_value_means_null_or_empty(empty):
    assert leads(SOURCE_ID=empty) == expected(lambda row: row["SOURCE_ID"] is None)
    assert leads(COMPANY_ID=empty) == expected(lambda row: row["COMPANY_ID"] is None)
    assert len(leads(COMMENTS=empty)) == len(LEADS), "half of them are '', half NULL"
    assert leads(**{"!SOURCE_ID": empty}) == expected(lambda row: row["SOURCE_ID"] is not None)


def test_an_empty_list_under_in_matches_nothing_and_under_equal_is_no_condition():
    assert leads(**{"@ID": []}) == []
    assert len(leads(**{"!@ID": []})) == len(LEADS)
    assert len(leads(ID=[])) == len(LEADS)
    assert PORTAL.journal[-1].dropped_filter_keys == ("ID",)


@pytest.mark.parametrize(
    ("key", "pattern", "test"),
    [
        ("%TITLE", "ad 1", lambda title: "ad 1" in title),
        ("%TITLE", "AD 1", lambda title: "ad 1" in title),
        ("=%TITLE", "%9", lambda title: title.endswith("9")),
        ("%=TITLE", "lead _", lambda title: len(title) == 6),
        ("!%TITLE", "1", lambda title: "1" not in title),
        ("!=%TITLE", "%1", lambda title: not title.endswith("1")),
        ("!%=TITLE", "%1", lambda title: not title.endswith("1")),
        ("%TITLE", ["11", "22"], lambda title: "11" in title or "22" in title),
        (">TITLE", "Lead 8", lambda title: title > "Lead 8"),
        ("TITLE", "Lead 8", lambda title: title == "Lead 8"),
    ],
)
def test_operators_on_text(key, pattern, test):
    assert leads(**{key: pattern}) == expected(lambda row: test(row["TITLE"]))


def like(pattern, value):
    """LIKE by its definition: the reference for the real one."""
    if not pattern:
        return not value
    if pattern[0] == "%":
        return any(like(pattern[1:], value[start:]) for start in range(len(value) + 1))
    return bool(value) and pattern[0] in ("_", value[0]) and like(pattern[1:], value[1:])


def matches(pattern, value):
    fields = {"TITLE": Field("TITLE", TEXT, lambda position: value)}
    (condition,), _ = parse_filter({"=%TITLE": pattern}, fields)
    return predicate(condition, lambda position: value)(0)


@given(st.text("ab%_", max_size=7), st.text("ab", max_size=7))
def test_patterns_mean_what_like_means(pattern, value):
    assert matches(pattern, value) == like(pattern, value)


def test_a_pattern_of_many_wildcards_takes_no_age():
    assert not matches("%a" * 40 + "b", "a" * 200)
    assert matches("%a" * 40 + "%b", "a" * 200 + "b")
    assert not matches("%" + "ab" * 40_000, "ab"), "longer than any text"


def test_a_percent_sign_under_contains_is_itself():
    assert leads(**{"%TITLE": "%"}) == []


@pytest.mark.parametrize(
    "border", ["2025-07-01", "2025-07-01T00:00:00+03:00", "01.07.2025", "01.07.2025 00:00:00"]
)
def test_dates_are_compared_as_dates(border):
    after = leads(**{">=DATE_CREATE": border})
    assert after == expected(lambda row: row["DATE_CREATE"] >= "2025-07-01T00:00:00+03:00")


def test_a_date_that_is_none_compares_with_nothing():
    assert leads(**{">DATE_CREATE": "soon"}) == []


def test_rows_without_a_value_are_neither_more_nor_less():
    more, less = leads(**{">COMPANY_ID": 0}), leads(**{"<=COMPANY_ID": 0})
    assert more == expected(lambda row: row["COMPANY_ID"] is not None)
    assert less == []


def test_an_array_compared_is_one_or_nothing():
    everything = [int(row["ID"]) for row in LEADS]
    assert leads(**{">ID": [{"ID": "150"}]}) == everything[1:], "an array that is not empty counts as 1"
    assert leads(**{">ID": []}) == everything, "an empty one as 0"


@pytest.mark.parametrize("key", ["LOGIC", "id", "OWNER", ">", "UF_CRM_1", "!NOPE"])
def test_unknown_keys_are_dropped_and_named_in_the_journal(key):
    assert leads(**{key: "5", "STATUS_ID": "NEW"}) == expected(lambda row: row["STATUS_ID"] == "NEW")
    assert PORTAL.journal[-1].dropped_filter_keys == (key,)


def test_the_published_filter_returns_every_activity():
    published = {
        "LOGIC": "OR",
        "FILTER": [{"OWNER_TYPE_ID": 1, "OWNER_ID": n, "COMPLETED": "N"} for n in (1, 2)],
    }
    reply = PORTAL.call("crm.activity.list", {"filter": published})
    assert reply.status == 200
    assert reply.body["total"] == len(ACTIVITIES)
    assert PORTAL.journal[-1].dropped_filter_keys == ("LOGIC", "FILTER")
    assert PORTAL.journal[-1].status == 200


@pytest.mark.parametrize("name", ["filter", "FILTER", "Filter", "arFilter"])
def test_the_filter_has_four_names(name):
    assert ids(result(PORTAL, "crm.lead.list", **{name: {"ID": 7}})) == [7]


def test_activities_are_found_by_their_bindings():
    owner = next(row["OWNER_ID"] for row in ACTIVITIES if row["OWNER_TYPE_ID"] == "1")
    found = result(
        PORTAL, "crm.activity.list", filter={"BINDINGS": [{"OWNER_TYPE_ID": 1, "OWNER_ID": owner}]}
    )
    right = [r for r in ACTIVITIES if (r["OWNER_TYPE_ID"], r["OWNER_ID"]) == ("1", owner)]
    assert sorted(ids(found)) == sorted(ids(right))
    unfinished = result(
        PORTAL, "crm.activity.list",
        filter={"BINDINGS": {"0": {"OWNER_TYPE_ID": "1", "OWNER_ID": owner}}, "COMPLETED": "N"},
    )  # fmt: skip
    assert sorted(ids(unfinished)) == sorted(ids(r for r in right if r["COMPLETED"] == "N"))


def test_an_activity_of_two_bindings_comes_twice():
    twice = next(row for row in ACTIVITIES if row["OWNER_TYPE_ID"] == "1" and int(row["ID"]) % 8 == 1)
    bindings = [{"OWNER_TYPE_ID": kind, "OWNER_ID": twice["OWNER_ID"]} for kind in (1, 2)]
    found = ids(result(PORTAL, "crm.activity.list", filter={"BINDINGS": bindings}))
    assert found.count(int(twice["ID"])) == 2


def test_bindings_that_are_none_are_dropped():
    for nothing in ("", [], "x"):
        reply = PORTAL.call("crm.activity.list", {"filter": {"BINDINGS": nothing}})
        assert reply.body["total"] == len(ACTIVITIES)
        assert PORTAL.journal[-1].dropped_filter_keys == ("BINDINGS",)


values = st.one_of(
    st.integers(-1, 320),
    st.sampled_from(["", "NEW", "JUNK", "%1%", "CALL", "247", "2025-06-01", None, True]),
    st.lists(st.sampled_from(["12", 247, "NEW", "", 5]), max_size=3),
)  # fmt: skip
conditions = st.dictionaries(
    st.builds(
        str.__add__,
        st.sampled_from([">=", ">", "<=", "<", "!@", "@", "!=%", "=%", "!%", "%", "!", "!=", "=", ""]),
        st.sampled_from(["ID", "TITLE", "STATUS_ID", "ASSIGNED_BY_ID", "SOURCE_ID", "COMPANY_ID"])
        | st.sampled_from(["DATE_CREATE", "COMMENTS"]),
    ),
    values,
    max_size=4,
)  # fmt: skip
orders = st.lists(
    st.tuples(st.sampled_from(["ID", "STATUS_ID", "SOURCE_ID", "DATE_MODIFY", "TITLE"]), st.booleans()),
    max_size=3, unique_by=lambda pair: pair[0],
).map(tuple)  # fmt: skip


@given(conditions, orders)
def test_indexes_and_bounds_find_what_reading_every_row_finds(raw, order):
    table = PORTAL.store.leads
    parsed, _ = parse_filter(raw, table.fields)
    tests = [predicate(condition, table.fields[condition.field].read) for condition in parsed]
    right = [position for position in range(table.size) if all(test(position) for test in tests)]
    for name, descends in reversed(order):
        read = table.fields[name].read
        right.sort(key=lambda p: (read(p) is not None, read(p)), reverse=descends)
    assert list(table.find(parsed, order)) == right
