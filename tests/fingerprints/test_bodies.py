import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_body
from perfkit.fingerprints.bodies import MAX_BODY_BYTES
from perfkit.fingerprints.values import MAX_LEAVES, REST, hash_leaves, hash_value, query_values

from .secrets import secrets


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
        ("a=1&a=2&b=", "{a:[?],b:?}"),
        ("dGVzdA==", ""),
        ("secret==", ""),
        ("SECRET", ""),
        ("select name from users where id=5", ""),
        ("a=1&SECRET", ""),
        ('"SECRET"', "?"),
        ({"cmd": ["mysql", "-pSECRET"]}, "{cmd:[?]}"),
        ({"cmd": {"a": "crm.lead.list", "b": "rm -rf SECRET"}}, "{cmd:{a:?,b:?}}"),
        ({"cmd": []}, "{cmd:[]}"),
        ({"AbCdEfGhIjKlMnOp": 1, "17": 2, "two words": {"x": 3}}, "{?:?,?:{x:?}}"),
        ({"jsonrpc": "2.0", "method": "two words"}, "{jsonrpc:?,method:?}"),
        ([{"jsonrpc": "2.0", "method": "two words"}], "[{jsonrpc:?,method:?}]"),
        ({">=ID": 1, "filter": {"!UF_CRM_1714567890": 2}, "ownerTypeID": 3}, None),
        (None, ""),
        (b"", ""),
        (object(), ""),
    ],
)
def test_templates(body, template):
    expected = "{>=ID:?,filter:{!UF_CRM_1714567890:?},ownerTypeID:?}" if template is None else template
    assert describe_body(body).template == expected


@given(secrets)
def test_secrets_do_not_survive(secret):
    for body in (
        {secret: 1},
        {"users": {secret: {"name": 1}}},
        {"name": [{secret: secret}]},
        {"cmd": [secret]},
        {"cmd": ["mysql", f"-p{secret}"]},
        {"cmd": {"a": f"crm.lead.list?auth={secret}"}},
        {"jsonrpc": "2.0", "method": secret},
        {"query": "query { me }", "operationName": secret, "variables": {}},
        [{"jsonrpc": "2.0", "method": secret}],
        secret,
        f"{secret}=",
        f"{secret}=1",
        f"a=1&{secret}",
        f"a={secret}",
        json.dumps(secret),
        json.dumps({secret: secret}),
    ):
        found = describe_body(body)
        assert secret not in found.template + found.rpc + " ".join(found.params)


def test_keys_that_are_no_names_still_tell_calls_apart():
    one, two = (describe_body({"users": {number: 1}}) for number in ("1001", "1002"))
    assert one.template == two.template == "{users:{?:?}}"
    assert set(one.params) == {"users.?"}
    assert one.params != two.params


def test_data_that_holds_itself_is_described():
    data = {"a": 1, "list": []}
    data["self"] = data
    data["list"].append(data)
    assert describe_body(data).template == "{a:?,list:[...],self:...}"
    assert set(describe_body(data).params) == {"a", "list", "self"}


def test_json_rpc_and_graphql_keep_what_they_call():
    assert describe_body({"jsonrpc": "2.0", "method": "user.get", "params": {"id": 1}}).rpc == "user.get"
    query = {"query": "query User($id: ID!) { user(id: $id) { name } }", "variables": {"id": 1}}
    assert describe_body(query | {"operationName": "User"}).rpc == "User"
    assert describe_body(query).rpc == "User"


def test_batches_are_known_by_their_methods_and_size():
    commands = {f"c{n}": f"crm.activity.list?filter[OWNER_ID]={n}" for n in range(3)}
    assert describe_body({"halt": 0, "cmd": commands})[:3] == ("batch(crm.activity.list)", "batch", 3)
    assert describe_body({"cmd": list(commands.values())}).batch == 3
    assert describe_body({"cmd": ["crm.Lead.list?x=1"]})[:3] == ("batch(crm.Lead.list)", "batch", 1)
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


@pytest.mark.parametrize(
    ("query", "size"),
    [
        ([("ids", "1,2")], 2),
        ([("id__in", "1,2")], 2),
        ([("id[]", "1,2")], 2),
        ([("filter[keys]", "1,2")], 2),
        ([("id", "1,2,3")], 3),
        ([("id", "1"), ("id", "2")], 2),
        ([("latlng", "52.1,13.1")], 0),
        ([("address", "Berlin, Germany")], 0),
        ([("ids", "1")], 0),
    ],
)
def test_which_queries_hold_lists(query, size):
    (value,) = query_values(query).values()
    assert (len(value) if isinstance(value, list) else 0) == size
