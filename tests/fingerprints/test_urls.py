import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_url


@pytest.mark.parametrize(
    ("url", "template"),
    [
        ("http://h/users/17", "/users/{id}"),
        ("http://h/users/17/orders/9", "/users/{id}/orders/{id}"),
        ("http://h/users/17.json", "/users/{id}.json"),
        ("http://h/v1/users", "/v1/users"),
        ("http://h/x/123e4567-e89b-12d3-a456-426614174000", "/x/{uuid}"),
        ("http://h/x/0123456789abcdef0123456789abcdef", "/x/{hex}"),
        ("http://h/day/2026-11-21", "/day/{date}"),
        ("http://h/t/sk_live_a1b2c3d4e5f6", "/t/{token}"),
        ("http://h/list?page=2&size=50", "/list?page=&size="),
        ("http://h/list?size=9&page=7", "/list?page=&size="),
        ("http://h/", "/"),
        ("http://h", ""),
    ],
)
def test_templates(url, template):
    assert describe_url(url).template == template


@pytest.mark.parametrize(
    ("url", "rpc", "template"),
    [
        ("https://p/rest/1/abc/crm.lead.list.json", "crm.lead.list", "/rest/{user}/{token}/crm.lead.list"),
        ("https://p/rest/1/abc/crm.lead.List", "crm.lead.list", "/rest/{user}/{token}/crm.lead.list"),
        ("https://p/rest/1/abc/batch/", "batch", "/rest/{user}/{token}/batch"),
        ("https://p/rest/crm.lead.get.json?auth=s3cret", "crm.lead.get", "/rest/crm.lead.get"),
        ("https://p/rest/users", "", "/rest/users"),
    ],
)
def test_bitrix24_methods(url, rpc, template):
    found = describe_url(url)
    assert (found.rpc, found.template.partition("?")[0]) == (rpc, template)


def test_the_host_keeps_its_port_and_loses_its_password():
    assert describe_url("https://me:secret@h.test:8443/x").host == "h.test:8443"


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_numbers_do_not_change_a_template(first, second):
    one, two = (describe_url(f"http://h/a/{n}/b?c={n}") for n in (first, second))
    assert one.template == two.template


@given(st.from_regex(r"[a-z]{1,12}", fullmatch=True), st.from_regex(r"[a-z]{1,12}", fullmatch=True))
def test_different_words_are_never_merged(first, second):
    same = describe_url(f"http://h/{first}").template == describe_url(f"http://h/{second}").template
    assert same == (first == second)


@given(st.from_regex(r"(?=[a-z0-9]*[0-9])(?=[a-z0-9]*[a-z])[a-z0-9]{16,40}", fullmatch=True))
def test_secrets_do_not_survive(secret):
    for url in (
        f"https://p/rest/1/{secret}/crm.lead.list",
        f"https://h/x?token={secret}",
        f"https://u:{secret}@h/x",
        f"https://h/hook/{secret}",
    ):
        found = describe_url(url)
        assert secret not in found.template + found.host + found.rpc
