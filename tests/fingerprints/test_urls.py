import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints import describe_url

from .secrets import secrets


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
        ("http://h/bot123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe", "/{token}/getMe"),
        ("http://h/v/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4", "/v/{token}"),
        ("http://h/hooks/AbCdEfGhIjKlMnOp", "/hooks/{token}"),
        ("http://h/u/me@example.com", "/u/{email}"),
        ("http://h/u/me%40example.com", "/u/{email}"),
        ("http://h/day/2026_11_21", "/day/{date}"),
        ("http://h/at/2026-11-21T12:30:00Z", "/at/{date}"),
        ("http://h/at/2026-11-21T12%3A30%3A00.123%2B02%3A00", "/at/{date}"),
        ("http://h/at/2026-11-21%2012:30", "/at/{date}"),
        ("http://h/at/20261121T123000Z", "/at/{date}"),
        ("http://h/at/1714567890", "/at/{id}"),
        ("http://h/f/report-2026-11-21.pdf", "/f/report-{date}.pdf"),
        ("http://h/f/sales_report_2026_11_21", "/f/sales_report_{date}"),
        ("http://h/f/backup-2026-11-21-12-30-00.zip", "/f/backup-{date}.zip"),
        ("http://h/f/2026-11-21-my-first-post", "/f/{token}"),
        ("http://h/f/me@example.com-2026-11-21", "/f/{email}"),
        ("http://h/f/AbCdEfGhIjKlMnOp-2026-11-21", "/f/{id}"),
        ("http://h/f/main.3f2a1b9c.js", "/f/main.{hex}.js"),
        ("http://h/f/user_123e4567-e89b-12d3-a456-426614174000.png", "/f/user_{uuid}.png"),
        ("http://h/f/my-title-3f2a1b9c4d5e", "/f/{token}"),
        ("http://h/x/%7B123E4567-E89B-12D3-A456-426614174000%7D", "/x/{uuid}"),
        ("http://h/x/my-post-12345", "/x/{id}"),
        ("http://h/x/52.52,13.40", "/x/{id}"),
        ("http://h/odata/Orders(17)", "/odata/Orders({id})"),
        ("http://h/odata/Orders('A')/Items()", "/odata/Orders({id})/Items()"),
        ("http://h/x/17:activate", "/x/{id}:activate"),
        ("http://h/x/123e4567-e89b-12d3-a456-426614174000:cancel", "/x/{uuid}:cancel"),
        ("http://h/x/documents:batchGet", "/x/documents:batchGet"),
        ("http://h/x/key:AbCdEfGhIjKlMnOp", "/x/{token}"),
        ("http://h/p/SKU-1001", "/p/{id}"),
        ("http://h/p/ORD_2024_17", "/p/{id}"),
        ("http://h/p/PRODUCT-CODE-1", "/p/{id}"),
        ("http://h/p/PRODUCT-CODE-10000", "/p/{id}"),
        ("http://h/search/two%20words", "/search/{id}"),
        ("http://h/x/abc.secre", "/x/abc.secre"),
        ("http://h/x/A1b2C3d4E5f6G7h8.secre", "/x/{token}"),
        ("http://h/oauth2/v1.1/crm-leads/get_all/getUserById.json", None),
        ("http://h/recommendations/_search/$metadata/userIDs", None),
        ("http://h/items/page/3", "/items/page/{page}"),
        ("http://h/x?TOKEN", "/x?{key}="),
        ("http://h/x?a=1&TOKEN", "/x?a=&{key}="),
        ("http://h/x?dGVzdA=1&page[number]=2&filter[>%3DID]=3", "/x?filter[>=ID]=&page[number]=&{key}="),
        ("http://h/x?_=1&UF_CRM_1714567890=2", "/x?UF_CRM_1714567890=&_="),
        ("http://[::1", ""),
        ("http://h/", "/"),
        ("http://h", ""),
    ],
)
def test_templates(url, template):
    expected = url.removeprefix("http://h") if template is None else template
    assert describe_url(url).template == expected


@pytest.mark.parametrize(
    ("url", "rpc", "template"),
    [
        ("https://p/rest/1/abc/crm.lead.list.json", "crm.lead.list", "/rest/{user}/{token}/crm.lead.list"),
        ("https://p/rest/1/abc/crm.lead.List", "crm.lead.list", "/rest/{user}/{token}/crm.lead.list"),
        ("https://p/rest/1/abc/batch/", "batch", "/rest/{user}/{token}/batch"),
        ("https://p/rest/crm.lead.get.json?auth=s3cret", "crm.lead.get", "/rest/crm.lead.get"),
        ("https://p/rest/users", "", "/rest/users"),
        ("https://p/rest/1/abc/AbCdEfGhIjKlMnOp", "", "/rest/{user}/{token}/{token}"),
        ("https://p/rest/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx.abc", "", "/rest/{token}"),
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


days = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
hashes = st.from_regex(r"[0-9a-f]{7}[0-9][a-f]", fullmatch=True)
PARTS = {
    "id": st.integers(0, 10**20).map(str) | st.integers(1, 99999).map("my-post-{}".format),
    "uuid": st.uuids().map(str) | st.uuids().map(lambda uuid: str(uuid).upper()),
    "hex": st.uuids().map(lambda uuid: f"a1{uuid.hex}"),
    "date": days | days.map(lambda day: day.replace("-", "_")) | days.map("{}T12:30:00Z".format),
    "email": st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.test", fullmatch=True),
    "dated file": days.map("report-{}.pdf".format),
    "hashed file": hashes.map("app.{}.js".format),
    "key": (st.integers() | st.uuids()).map("Orders({})".format),
    "verb": st.integers(0, 10**9).map("{}:cancel".format),
}
ROUTE_WORDS = [
    "users",
    "orders",
    "v1",
    "getUserById",
    "crm.lead.list",
    "get_all",
    "_search",
    "docs:commit",
    "x",
]
routes = st.lists(st.sampled_from(ROUTE_WORDS) | st.sampled_from(sorted(PARTS)), max_size=5)
query_keys = st.lists(st.sampled_from(["page", "filter[>=ID]", "ids[]", "q"]), unique=True)


@st.composite
def urls_of(draw, route, keys):
    segments = [draw(PARTS[part]) if part in PARTS else part for part in route]
    query = "&".join(f"{key}={draw(st.integers())}" for key in draw(st.permutations(keys)))
    return f"https://h/{'/'.join(segments)}" + (f"?{query}" if query else "")


@given(st.data(), routes, query_keys)
def test_values_do_not_change_a_template(data, route, keys):
    one, two = (describe_url(data.draw(urls_of(route, keys))) for _ in range(2))
    assert one.template == two.template


@given(st.data(), st.tuples(routes, query_keys), st.tuples(routes, query_keys))
def test_different_routes_never_merge(data, first, second):
    one, two = (describe_url(data.draw(urls_of(*route))).template for route in (first, second))
    same = (first[0], set(first[1])) == (second[0], set(second[1]))
    assert (one == two) == same


@pytest.mark.parametrize("make", ["http://h/x/{}", "http://h/x?{}", "http://h/x?a=1&{}"])
def test_what_was_masked_still_tells_calls_apart(make):
    one, two = (describe_url(make.format(f"SKU-100{n}")) for n in (1, 2))
    assert one.template == two.template
    assert (one.query == two.query) == (not one.query)


@given(secrets)
def test_secrets_do_not_survive(secret):
    for url in (
        f"https://p/rest/1/{secret}/crm.lead.list",
        f"https://p/rest/1/abc/{secret}",
        f"https://p/rest/{secret}",
        f"https://h/x?token={secret}",
        f"https://h/x?{secret}",
        f"https://h/x?{secret}=1",
        f"https://h/x?a=1&{secret}&b=2",
        f"https://u:{secret}@h/x",
        f"https://h/hook/{secret}",
        f"https://h/hook/{secret}.json",
        f"https://h/bot{secret}/getMe",
    ):
        found = describe_url(url)
        kept = found.template + found.host + found.rpc + "".join(key for key, _ in found.query)
        assert secret.lower() not in kept.lower()
