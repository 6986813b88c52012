import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_body
from perfkit.fingerprints.bodies import MAX_BODY_BYTES
from perfkit.fingerprints.values import MAX_LEAVES, REST, hash_leaves, hash_value


@pytest.mark.parametrize(
    ("body", "template"),
    [
        ({"filter": {"OWNER_ID": 5}, "select": ["ID"]}, "{filter:{OWNER_ID:?},select:[?]}"),
        ({"b": 1, "a": 2}, "{a:?,b:?}"),
        ([1, 2, 3], "[?]"),
        (b'{"a": 1}', "{a:?}"),
        ('{"a": 1}', "{a:?}"),
        ("a=1&b=2", "{a:?,b:?}"),
        (b"\x00\xff", ""),
        (None, ""),
        (b"", ""),
        (object(), ""),
    ],
)
def test_templates(body, template):
    assert describe_body(body).template == template


def test_json_rpc_and_graphql_keep_what_they_call():
    assert describe_body({"jsonrpc": "2.0", "method": "user.get", "params": {"id": 1}}).rpc == "user.get"
    query = {"query": "query User($id: ID!) { user(id: $id) { name } }", "variables": {"id": 1}}
    assert describe_body(query | {"operationName": "User"}).rpc == "User"
    assert describe_body(query).rpc == "query"


def test_batches_are_known_by_their_methods_and_size():
    commands = {f"c{n}": f"crm.activity.list?filter[OWNER_ID]={n}" for n in range(3)}
    assert describe_body({"halt": 0, "cmd": commands})[:3] == ("batch(crm.activity.list)", "batch", 3)
    assert describe_body({"cmd": list(commands.values())}).batch == 3
    calls = [{"jsonrpc": "2.0", "method": name, "id": 1} for name in ("a", "b", "a")]
    assert describe_body(calls)[:3] == ("batch(a,b)", "batch", 3)


def test_large_bodies_are_not_read():
    assert describe_body(b"[" + b"1," * MAX_BODY_BYTES + b"1]").template == "(large)"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=4))
def test_data_and_its_json_are_the_same(data):
    direct, parsed = describe_body(data), describe_body(json.dumps(data))
    assert direct == parsed


@given(json_values)
def test_anything_is_described(data):
    describe_body(data)
    describe_body(json.dumps(data).encode())


@given(st.dictionaries(st.sampled_from("abc"), st.integers()), st.integers())
def test_values_change_hashes_and_not_the_template(data, other):
    changed = {key: value + other for key, value in data.items()}
    one, two = describe_body(data), describe_body(changed)
    assert one.template == two.template
    assert (one.params == two.params) == (data == changed)


def test_a_list_is_one_value_with_its_length():
    assert hash_leaves({"filter": {"ID": [1, 2]}})["filter.ID"].endswith("*2")


def test_beyond_the_limit_values_are_hashed_together():
    data = {f"k{n:02}": n for n in range(MAX_LEAVES + 5)}
    hashed = hash_leaves(data)
    assert len(hashed) == MAX_LEAVES + 1
    assert hashed[REST] != hash_leaves(data | {f"k{MAX_LEAVES + 4:02}": -1})[REST]


def test_hashes_are_the_same_everywhere():
    assert hash_value("crm.lead.list") == "0f0f6596f265aa7a"
    assert hash_value(5) == hash_value("5")
