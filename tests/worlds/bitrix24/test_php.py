"""PHP's rules: arrays from names, arrays to JSON, casts."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24 import php

pytestmark = pytest.mark.once


keys = st.text(st.characters(exclude_characters="]", exclude_categories=["Cs"]), min_size=1, max_size=8)
names = st.text(st.characters(exclude_characters="]. [", exclude_categories=["Cs"]), min_size=1, max_size=8)
leaves = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
nested = st.recursive(
    leaves, lambda inner: st.dictionaries(keys, inner, min_size=1, max_size=4), max_leaves=8
)


@given(st.dictionaries(names, nested, max_size=4))
@example({"filter": {">=ID": "1 & 2", "!%TITLE": "a=b+c%"}})
def test_a_built_query_is_read_back(params):
    assert php.parse_query(php.build_query(params)) == params


@given(st.text())
@example("a[b")
@example("[a]=1&]=2&[]=3&a[]]=4&a[b]c=5")
@example("&&==&a[][][]=1")
def test_any_text_is_some_array(text):
    assert isinstance(php.parse_query(text), dict)


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("filter[>ID]=1&select[]=ID", {"filter": {">ID": "1"}, "select": {"0": "ID"}}),
        ("filter%5B%3EID%5D=1", {"filter": {">ID": "1"}}),
        ("filter[%3EID]=1", {"filter": {">ID": "1"}}),
        ("select[0]=ID&select[1]=TITLE&", {"select": {"0": "ID", "1": "TITLE"}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[5]=1&a[]=2", {"a": {"5": "1", "6": "2"}}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a=1&a=2", {"a": "2"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a+b=c+d%20e", {"a_b": "c d e"}),
        ("a.b=1", {"a_b": "1"}),
        ("filter[<=ID]=1", {"filter_<": "ID]=1"}),  # the first = ends the name: it must be sent encoded
        ("filter[<%3DID]=1", {"filter": {"<=ID": "1"}}),
        ("a", {"a": ""}),
        ("", {}),
    ],
)  # fmt: skip
def test_names_address_arrays(query, params):
    assert php.parse_query(query) == params


@pytest.mark.parametrize(("levels", "kept"), [(64, True), (65, False), (1_000_000, False)])
def test_names_nested_too_deeply_are_ignored(levels, kept):
    params = php.parse_query(f"b=1&a{'[]' * levels}=2")
    assert (params["b"], "a" in params) == ("1", kept)


def test_lists_become_numbered_keys():
    assert php.build_query({"a": [1, "x"], "b": [], "c": True}) == "a[0]=1&a[1]=x&c=1"


@pytest.mark.parametrize(
    ("array", "encoded"),
    [
        ({}, []),
        ({"0": 1}, [1]),
        ({"0": 1, "1": 2}, [1, 2]),
        ({"1": 1}, {"1": 1}),
        ({"1": 2, "0": 1}, {"1": 2, "0": 1}),
        ({"00": 1}, {"00": 1}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_arrays_with_keys_in_sequence_are_json_lists(array, encoded):
    assert php.as_json(array) == encoded


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12", 12), (" 12x", 12), ("-3", -3), ("x", 0), ("", 0), (None, 0), (True, 1), (2.9, 2),
        ([], 0), ([0], 1), ({"a": 0}, 1), (float("nan"), 0), (float("inf"), 0),
        ("9" * 30, 2**63 - 1), (10**400, 2**63 - 1), ("\u0663", 0),
    ],
)  # fmt: skip
def test_casts_to_int(value, number):
    assert php.to_int(value) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (None, ""), (False, ""), (True, "1"), (5, "5"), ([1], "Array"), (10**400, str(2**63 - 1))],
)
def test_casts_to_text(value, text):
    assert php.to_text(value) == text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("1.5kg", 1.5),
        (".5", 0.5),
        ("x", 0.0),
        (2.5, 2.5),
        (3, 3.0),
        (None, 0.0),
        (float("nan"), 0.0),
        ([1], 1.0),
    ],
)
def test_casts_to_float(value, number):
    assert php.to_float(value) == number


def test_a_number_too_long_for_text_is_cut_off():
    assert php.to_text(10**5000) == str(2**63 - 1)
