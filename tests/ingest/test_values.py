"""Single values, as all kinds of exporters write them."""

import base64

import pytest

from perfkit.ingest import values
from perfkit.ingest.values import MAX_ATTRIBUTES, MAX_NS, MAX_TEXT


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1544712660000000000", 1544712660000000000),
        (1544712660000000000, 1544712660000000000),
        (1.5e18, 1_500_000_000_000_000_000),
        ("1.5e18", 1_500_000_000_000_000_000),
        (0, 0),
        (-5, -5),
        *((odd, None) for odd in (None, True, "", "x", "1e", [], {}, "9" * 30, 10**400, -(10**400), MAX_NS)),
        *((odd, None) for odd in (float("nan"), float("inf"), "NaN", "Infinity", "1" * 100)),
    ],
)
def test_nanoseconds(given, expected):
    assert values.nanoseconds(given) == expected


def test_microseconds():
    assert values.nanoseconds(1.5, 1_000) == 1_500
    assert values.nanoseconds("2", 1_000) == 2_000
    assert values.nanoseconds(1e300, 1_000) is values.nanoseconds(MAX_NS // 10, 1_000) is None


HEX = "5b8efff798038103d269b633813fc60c"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (HEX, HEX),
        (HEX.upper(), HEX),
        (f"0x{HEX}", HEX),
        (base64.b64encode(bytes.fromhex(HEX)).decode(), HEX),
        (base64.urlsafe_b64encode(bytes.fromhex("fbffbf" * 5 + "ff")).decode(), "fbffbf" * 5 + "ff"),
        (base64.b64encode(bytes.fromhex("eee19b7ec3c1b174")).decode(), "eee19b7ec3c1b174"),
        (255, "ff"),
        ("order-17", "order-17"),
        *(
            (none, "")
            for none in (None, "", "0" * 32, "AAAAAAAAAAAAAAAAAAAAAA==", 0, -1, 2**200, [], {}, True)
        ),
    ],
)
def test_identifiers(given, expected):
    assert values.identifier(given) == expected


def test_an_id_that_could_say_anything_is_not_shown():
    shown = values.identifier("me@example.com s3cr3t")
    assert len(shown) == 16
    assert shown == values.identifier("me@example.com s3cr3t") != values.identifier("other one")
    assert len(values.identifier("x" * 10**6)) == len(values.identifier("a\ud800b")) == 16


def test_ids_as_numbers():
    assert values.number_of("") == 0
    assert values.number_of("00000000000000ff") == values.number_of("ff") == 255
    different = {
        values.number_of(text) for text in ("ffffffffffffffff", "fffffffffffffffe", HEX, "order-17", "a")
    }
    assert len(different) == 5
    assert all(0 < number < 2**63 for number in different)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        *((0, "INTERNAL"), (1, "INTERNAL"), (2, "SERVER"), (3, "CLIENT"), (4, "PRODUCER"), (5, "CONSUMER")),
        *(("SPAN_KIND_CLIENT", "CLIENT"), ("Server", "SERVER"), ("consumer", "CONSUMER")),
        *((odd, "INTERNAL") for odd in (None, 6, -1, True, "x", "SPAN_KIND_UNSPECIFIED", [], 3.0)),
    ],
)
def test_kinds(given, expected):
    assert values.kind_of(given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"stringValue": "a"}, "a"),
        ({"string_value": "a"}, "a"),
        ({"intValue": "5"}, 5),
        ({"int_value": 5}, 5),
        ({"intValue": 5.0}, 5),
        ({"intValue": str(2**70)}, None),
        ({"doubleValue": 0.5}, 0.5),
        ({"doubleValue": "0.5"}, 0.5),
        ({"doubleValue": "NaN"}, None),
        ({"doubleValue": 10**400}, None),
        ({"boolValue": False}, False),
        ({"boolValue": "yes"}, None),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "1"}]}}, ["a", 1]),
        ({"array_value": {"values": []}}, []),
        ({"arrayValue": {}}, None),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}, {"key": 5}, 7]}}, {"a": 1}),
        ({"kvlist_value": 5}, None),
        *(("a", "a"), (5, 5), (0.5, 0.5), (True, True), (None, None), (["a", 1], ["a", 1]), ({"x": 1}, None)),
        ({"bytesValue": "AAAA"}, None),
    ],
)
def test_attribute_values(given, expected):
    found = values.any_value(given)
    assert found == expected
    assert type(found) is type(expected)


def test_attributes_as_a_list_and_as_an_object():
    assert values.attributes([{"key": "a", "value": {"intValue": "1"}}, {"key": 5, "value": 1}, 7]) == {
        "a": 1
    }
    assert values.attributes({"a": 1, "b": {"stringValue": "x"}, "c": {}}) == {"a": 1, "b": "x"}
    assert values.attributes(None) == values.attributes("x") == {}


def test_attributes_are_bounded_but_statements_stay_whole():
    many = values.attributes({str(n): n for n in range(MAX_ATTRIBUTES * 2)})
    assert len(many) == MAX_ATTRIBUTES
    long = "x" * (MAX_TEXT * 2)
    found = values.attributes({"note": long, "db.statement": long})
    assert (len(found["note"]), len(found["db.statement"])) == (MAX_TEXT, MAX_TEXT * 2)


def test_what_is_nested_deeply_is_left_out():
    deep = {"stringValue": "a"}
    for _ in range(50):
        deep = {"arrayValue": {"values": [deep]}}
    assert "'a'" not in repr(values.any_value(deep))
