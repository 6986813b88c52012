import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_body, describe_url
from perfkit.fingerprints.graphql import MAX_CHARACTERS, MAX_FIELDS, operation_in, operation_of

from .secrets import secrets


@pytest.mark.parametrize(
    ("document", "operation"),
    [
        ("query User { user { id } }", "User"),
        ("mutation Rename($id: ID!) { rename(id: $id) { id } }", "Rename"),
        ("\ufeff# a { b }\n subscription New { order { id } }", "New"),
        ("{ user { id } }", "query{user}"),
        ("query{user,orders}", "query{user,orders}"),
        ("query { user { orders { id } } orders { id } user { name } }", "query{user,orders}"),
        ('mutation { a: rename(id: 5, to: {name: "} b {"}) { c: id } }', "mutation{rename}"),
        ('{ find(text: """ } " { \\""" x """) { id } }', "query{find}"),
        (
            "query ($a: In = {b: {c: 1}}) @live { user @include(if: $a) { id } ... on Q { z } ...F }",
            "query{user}",
        ),
        ("fragment F on User { id } query Q { user { ...F } }", "Q"),
        ("fragment F on User { id } { user { ...F } }", "query{user}"),
        ("{ " + " ".join(f"f{n}" for n in range(9)) + " }", "query{f0,f1,f2,f3,f4,...}"),
        ("query AbCdEfGhIjKlMnOp1234 { me }", "query{me}"),
        *[
            (text, "")
            for text in ("", "query", "{", "{}", "select 1", "two words", "querying { a }", "# { a }")
        ],
        *[
            (text, "")
            for text in ("{ AbCdEfGhIjKlMnOp1234 }", '{ "', "{ (" * 9, "}", "fragment", "fragment F on U")
        ],
    ],
)
def test_operations(document, operation):
    assert operation_of(document) == operation


def test_long_documents_are_read_in_part():
    assert operation_of(f"{{ a{' ' * MAX_CHARACTERS} b }}") == "query{a}"
    assert len(operation_of("{" + "".join(f"f{n} " for n in range(999)) + "}").split(",")) == MAX_FIELDS + 1


@pytest.mark.parametrize("part", ['"', '"""', "{", "(", "#", "\\", "a:", "@a", "...", "fragment ", "query("])
def test_any_document_is_read(part):
    for start in ("", "{ ", "query Q(", "query "):
        operation_of(start + part * MAX_CHARACTERS)


def test_the_name_that_is_sent_goes_first():
    documents = "query A { a } query B { b }"
    assert operation_in({"query": documents}) == "A"
    assert operation_in({"query": documents, "operationName": "B"}) == "B"
    assert operation_in({"operationName": "B", "extensions": {"persistedQuery": {"sha256Hash": "x"}}}) == "B"
    assert operation_in({"operationName": "B"}) == ""
    assert operation_in({"query": {"match": {"name": "x"}}}) == ""


def test_bodies():
    body = {"query": "query User($id: ID!) { user(id: $id) { name } }", "variables": {"id": 1}}
    assert describe_body(body)[:2] == ("User{query:?,variables:{id:?}}", "User")
    assert describe_body({"query": "{ user(id: 5) { name } }"}).rpc == "query{user}"
    assert describe_body({"query": "two words", "variables": {}}).rpc == ""
    assert describe_body([body, {"query": "{ me }"}])[:3] == ("batch(User,query{me})", "batch", 2)
    assert describe_body([body, {"name": "x"}]).batch == 0


def test_urls():
    one, two = (
        describe_url(f"http://h/graphql?query=query%20User{{user(id:{n}){{name}}}}&variables={n}")
        for n in "12"
    )
    assert one[1:3] == two[1:3] == ("/graphql?query=User&variables=", "User")
    assert one.query != two.query
    named = describe_url("http://h/graphql?operationName=Me&extensions={}&variables={}")
    assert named[1:3] == ("/graphql?extensions=&operationName=Me&variables=", "Me")
    assert describe_url("http://h/search?query=two+words")[1:3] == ("/search?query=", "")
    assert describe_url("http://h/rpc?jsonrpc=2.0&method=user.get&id=1")[1:3] == (
        "/rpc?id=&jsonrpc=&method=user.get",
        "user.get",
    )
    assert describe_url("http://h/rpc?method=user.get")[1:3] == ("/rpc?method=", "")


names = st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(lambda name: name not in ("on", "fragment"))
values = st.integers() | st.text(max_size=9) | st.lists(st.text('{}()"\\#', max_size=5), max_size=2)


@given(st.lists(names, min_size=1, max_size=3, unique=True), st.data())
def test_values_space_and_aliases_do_not_change_the_operation(fields, data):
    written = []
    for field in fields:
        alias = data.draw(st.sampled_from(["", "other : "]))
        arguments = data.draw(st.none() | values)
        given_ones = "" if arguments is None else f"(key: {json.dumps(arguments)})"
        inner = data.draw(st.sampled_from(["", "{ id }", "{ a: b ...C }", "@d(e: 1) { f }"]))
        written.append(alias + field + given_ones + inner)
    space = st.sampled_from([" ", "\n", ", ", '# } { "\n'])
    text = "".join(part + data.draw(space) for part in ["{", *written, "}"])
    assert operation_of(text) == f"query{{{','.join(fields)}}}"


@given(secrets)
def test_secrets_do_not_survive(secret):
    for document in (
        f'query {{ user(key: "{secret}") {{ id }} }}',
        f"query {secret} {{ a }}",
        f"{{ {secret} }}",
    ):
        body = describe_body({"query": document, "variables": {"a": secret}})
        url = describe_url(f"http://h/graphql?query={document}&operationName={secret}")
        assert secret not in body.template + body.rpc + url.template + url.rpc
