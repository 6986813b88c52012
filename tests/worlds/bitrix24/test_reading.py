"""Requests as the portal reads them."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.reading import Where, read_call, read_path, split_target

pytestmark = pytest.mark.once


HOOK = Where("1", "token", "crm.lead.list", "json")
APPLICATION = Where(None, "", "crm.lead.list", "json")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


@pytest.mark.parametrize(
    ("path", "where"),
    [
        ("/rest/1/token/crm.lead.list", HOOK),
        ("/rest/1/token/crm.lead.list/", HOOK),
        ("/rest/1/token/crm.lead.list.json", HOOK),
        ("/rest/1/token/crm.lead.list.JSON/", HOOK),
        ("/rest/1/token/crm.lead.list.xml", HOOK._replace(form="xml")),
        ("/rest/1/token/crm.lead.list.yml", HOOK._replace(method="crm.lead.list.yml")),
        ("/rest/1/token/crm.lead.json.list", HOOK._replace(method="crm.lead.json.list")),
        ("/rest/1/token/crm%2elead.list", HOOK),
        ("/rest/1/token/batch", HOOK._replace(method="batch")),
        ("/rest/1/token/.json", HOOK._replace(method=".json")),
        ("/rest/crm.lead.list", APPLICATION),
        ("/rest/crm.lead.list.json/", APPLICATION),
        ("/rest/crm.lead.list.xml", APPLICATION._replace(form="xml")),
    ],
)
def test_paths(path, where):
    assert read_path(path) == where


@pytest.mark.parametrize(
    "path", ["/", "/rest", "/rest/", "/rest/1/token", "/rest/1/token/a/b", "/rest//token/a", "/crm", ""]
)
def test_paths_of_nothing(path):
    assert read_path(path) is None


def test_targets():
    assert split_target("/rest/a?b=c?d") == ("/rest/a", "b=c?d")
    assert split_target("http://portal.test:80/rest/a?b") == ("/rest/a", "b")
    assert split_target("http://portal.test") == ("/", "")
    assert split_target("*") == ("/", "")


def read(query="", body=b"", kind="", encoding="", where=HOOK):
    return read_call("POST", where, query, body, kind, encoding)


@pytest.mark.parametrize(
    ("query", "body", "kind", "params"),
    [
        ("a=1&b[]=2&b%5B%5D=3", b"", "", {"a": "1", "b": {"0": "2", "1": "3"}}),
        ("filter[>ID]=1", b"filter%5B%3EID%5D=2", FORM, {"filter": {">ID": "2"}}),
        ("a=1", b'{"b": 2}', JSON, {"a": "1", "b": 2}),
        ("a=1", b'{"a": 2}', "", {"a": 2}),
        ("", b'{"b": 2}', FORM, {'{"b":_2}': ""}),
        ("", b"", FORM, {}),
        ("", b"[1, 2]", JSON, {"0": 1, "1": 2}),
        ("a=1", b"{", JSON, {"a": "1"}),
        ("a=1", b"[" * 100_000, JSON, {"a": "1"}),
        ("", b'{"a": 1}', "multipart/form-data; boundary=x", {}),
    ],
)
def test_query_and_body_are_merged(query, body, kind, params):
    assert read(query, body, kind).params == params


@pytest.mark.parametrize(("levels", "kept"), [(512, True), (513, False), (900, False), (100_000, False)])
def test_json_deeper_than_php_reads_is_none(levels, kept):
    for begin, end in ((b"[", b"]"), (b'{"0":', b"}")):
        params = read(body=begin * (levels - 1) + b"{}" + end * (levels - 1), kind=JSON).params
        assert bool(params) is kept


@pytest.mark.parametrize(
    ("head", "params"),
    [
        ('Content-Disposition: form-data; name="a"', {"a": "v"}),
        ("content-disposition:form-data;NAME=a", {"a": "v"}),
        ('Content-Type: text/plain\r\nContent-Disposition: form-data; name="a[b]"', {"a": {"b": "v"}}),
        (r'Content-Disposition: form-data; name="a\"b"', {'a"b': "v"}),
        ('Content-Disposition: form-data; name=""', {}),
        ("Content-Disposition: form-data; name*=utf-8''a", {}),
        ("Content-Disposition: form-data", {}),
        ("", {}),
    ],
)
def test_parts_of_a_multipart_form(head, params):
    body = f"before\r\n--x\r\n{head}\r\n\r\nv\r\n--x--\r\nafter".encode()
    assert read(body=body, kind="multipart/form-data; charset=utf-8; boundary=x").params == params


def test_parts_within_parts_are_text():
    parts = [f"--{n}\r\nContent-Type: multipart/mixed; boundary={n + 1}\r\n\r\n" for n in range(2000)]
    assert read(body="".join(parts).encode(), kind="multipart/form-data; boundary=0").params == {}


def test_a_multipart_form():
    fields = [("filter[>ID]", "28"), ("select[]", "ID"), ("select[]", "ТИП")]
    parts = [f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n' for n, v in fields]
    parts.append('--x\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\nx\r\n--x--\r\n')
    params = read(body="".join(parts).encode(), kind='multipart/form-data; boundary="x"').params
    assert params == {"filter": {">ID": "28"}, "select": {"0": "ID", "1": "ТИП"}}


def test_compressed_bodies():
    plain = b'{"a": 1}'
    packed = zlib.compressobj(wbits=-15)
    for encoding, body in [
        ("gzip", gzip.compress(plain)),
        ("GZIP", gzip.compress(plain)),
        ("deflate", zlib.compress(plain)),
        ("deflate", packed.compress(plain) + packed.flush()),
        ("identity", plain),
    ]:
        assert read(body=body, kind=JSON, encoding=encoding).params == {"a": 1}
    for broken in (b"nothing of the kind", gzip.compress(plain)[:-9], b""):
        assert read(body=broken, kind=JSON, encoding="gzip").params == {}


def test_the_token_of_an_application_is_a_parameter():
    for given_ in ({"query": "auth=t0&a=1"}, {"body": b"auth=t0&a=1", "kind": FORM}):
        call = read(**given_, where=APPLICATION)
        assert (call.token, call.params) == ("t0", {"a": "1"})
    assert read(body=b'{"auth": "t0"}', kind=JSON, where=APPLICATION)[2:4] == ("t0", {})
    assert read(where=APPLICATION).token == ""
    assert read("auth=t0")[2:4] == ("token", {"auth": "t0"})


@given(
    st.text(max_size=30),
    st.binary(max_size=80),
    st.sampled_from(["", FORM, JSON, "multipart/form-data", "multipart/form-data; boundary=x", "a/b; ;"]),
    st.sampled_from(["", "gzip", "deflate", "br"]),
)
def test_nothing_a_client_sends_raises(query, body, kind, encoding):
    assert isinstance(read(query, body, kind, encoding).params, dict)
    assert read_path(query) is None or query.startswith("/rest")
