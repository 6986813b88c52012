import pytest

from perfkit.fingerprints.names import is_dotted_method, is_key, is_method, is_name, is_word


@pytest.mark.parametrize(
    "text",
    [
        "users",
        "getMe",
        "getUserById",
        "recommendations",
        "HTMLBody",
        "userIDs",
        "forceHttps",
        "contentLength",
        "COMMUNICATIONS",
        "queryString",
        "subscriptions",
        "documentgenerator",
        "ProfileSpotlightsColumnsQuery",
        "a",
        "ID",
        "Orders",
    ],
)
def test_words(text):
    assert is_word(text)


@pytest.mark.parametrize(
    "text",
    [
        "AbCdEfGhIjKlMnOp",
        "xkcdqwrtzpsdfgh",
        "ABCDEFGHIJKLMNOP",
        "a1",
        "two words",
        "\u00e4",
        "",
        "QqWwEeRr",
        "kqzjwbxtmnvcrp",
    ],
)
def test_no_words(text):
    assert not is_word(text)


@pytest.mark.parametrize(
    "text", ["v1", "v2.1", "v1beta1", "oauth2", "crm.lead.list", "_bulk", "get_all", ".well-known", "$batch"]
)
def test_names(text):
    assert is_name(text)


@pytest.mark.parametrize("text", ["SKU-1001", "ORD_2024_17", "a@b.test", "user:pw", "u17", "a-" * 31 + "a"])
def test_no_names(text):
    assert not is_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "id",
        "_",
        "_t",
        "$skip",
        "page[number]",
        "filter[>=DATE]",
        "ids[]",
        ">ID",
        "!%TITLE",
        "UF_CRM_1714567890",
        "UF_CRM_5F3A2B1C9D8E7",
        "filter[!UF_CRM_1714567890]",
        "ufCrm7_1714567890",
        "customfield_10011",
        "address1",
        "oauth2token",
        "k00",
        "X-Request-Id",
        "filter[LOGIC][0][ID]",
        "a.b",
    ],
)
def test_keys(text):
    assert is_key(text)


@pytest.mark.parametrize(
    "text",
    ["", "17", "dGVzdA", "me@example.test", "two words", "a/b", "a" * 81, "eyJhbGciOiJI", "$", "SKU100123"],
)
def test_no_keys(text):
    assert not is_key(text)


def test_methods():
    assert all(is_method(text) for text in ("user.get", "eth_getBlockByNumber", "textDocument/didOpen"))
    assert not any(
        is_method(text) for text in ("", "two words", "a" * 101, "eyJhbGciOiJIUzI1NiJ9.x.y", None, 5)
    )
    assert is_dotted_method("crm.lead.list")
    assert not any(is_dotted_method(text) for text in ("mysql", "-p.x", "a..b", "a/b.c"))
