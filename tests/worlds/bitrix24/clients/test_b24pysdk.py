"""b24pysdk, the vendor's client, as it comes, against the portal over HTTPS: every way to call."""

from types import SimpleNamespace

import pytest

from perfkit.worlds.bitrix24 import WEBHOOK_TOKEN
from perfkit.worlds.bitrix24.auth import AccessToken
from perfkit.worlds.bitrix24.config import ACCESS_TOKEN
from tests.worlds.bitrix24.clients.support import (
    LISTS,
    commands,
    covered,
    covers,
    numbers,
    public,
    requests,
    right_ids,
    served,
    write_ca,
)
from tests.worlds.bitrix24.helpers import ids, result

b24pysdk = pytest.importorskip("b24pysdk")
api_requests = pytest.importorskip("b24pysdk.api.requests")
callers = pytest.importorskip("b24pysdk.api.callers")
client_module = pytest.importorskip("b24pysdk.client")
errors = pytest.importorskip("b24pysdk.errors")

ROWS = 523
EVERY_ID = list(range(1, ROWS + 1))
SELECT = {"select": ["ID"]}


def test_every_public_way_to_call_is_covered():
    classes = [getattr(api_requests, name) for name in api_requests.__all__]
    ways = {f"callers.{name}" for name in callers.__all__}
    ways |= {name for name in public(b24pysdk.BitrixWebhook, "token") if name.startswith("token.call")}
    ways |= {name for name in public(client_module.ClientV2, "client") if name.startswith("client.call")}
    for kind in classes:
        if "Base" not in kind.__name__ and "Abstract" not in kind.__name__:
            ways |= public(kind, kind.__name__)
    asking = ("response", "result", "time", "value", "values")  # properties that call when first looked at
    assert {way for way in ways if not way.endswith(asking)} == covered(__name__)


@pytest.fixture
def portal(monkeypatch, tmp_path):
    """A server with its webhook token and a client of it; ``server`` takes other options."""
    with served(https=True) as server:
        yield connect(server, monkeypatch, tmp_path)


def connect(server, monkeypatch, tmp_path, **options):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", write_ca(server.ca, tmp_path))
    token = b24pysdk.BitrixWebhook(domain=server.domain, webhook_token=f"1/{WEBHOOK_TOKEN}")
    return SimpleNamespace(
        **vars(server) | {"portal": server.portal, "token": token, "client": token.get_client(**options)}
    )


def raw(portal):
    """What the callers take in place of a token."""
    return {"domain": portal.domain, "auth_token": f"1/{WEBHOOK_TOKEN}", "is_webhook": True}


# single calls


@covers("BitrixAPIRequest.call")
def test_a_request_is_sent_when_it_is_looked_at(portal):
    request = portal.client.crm.lead.get(bitrix_id=5)
    assert requests(portal.portal) == []
    assert request.result["ID"] == request.result["ID"] == "5"
    assert requests(portal.portal) == ["crm.lead.get"]
    assert request.call().result["ID"] == "5"
    assert requests(portal.portal) == ["crm.lead.get"] * 2
    assert request.time.duration == 0


@covers("token.call_method", "callers.call_method", "callers.call", "BitrixAPIRawRequest.call")
def test_the_lower_layers_give_the_body(portal):
    params = {"ID": 6}
    request = api_requests.BitrixAPIRawRequest(
        bitrix_token=portal.token, api_method="crm.lead.get", params=params
    )
    bodies = [
        portal.token.call_method("crm.lead.get", params),
        callers.call_method(**raw(portal), api_method="crm.lead.get", params=params),
        callers.call(f"{portal.url}crm.lead.get.json", params=params),
        request.call(),
    ]
    assert [body["result"]["ID"] for body in bodies] == ["6"] * 4


@covers("BitrixAPIValuesRequest.call", "BitrixAPIValueRequest.call")
def test_values_are_objects_of_the_library(portal):
    everyone = portal.client.user.get()
    assert [user.bitrix_id for user in everyone.call().values] == ids(result(portal.portal, "user.get"))
    one = api_requests.BitrixAPIValueRequest(
        bitrix_token=portal.token,
        api_method="crm.lead.get",
        params={"ID": 9},
        result_adapter=lambda row: int(row["ID"]),
    )
    assert one.call().value == 9


# batches


@covers("client.call_batch", "BitrixAPIBatchRequest.call", "token.call_batch", "callers.call_batch")
def test_a_batch_takes_names_or_a_list(portal):
    get = portal.client.crm.lead.get
    named = portal.client.call_batch({"a": get(bitrix_id=1), "b": get(bitrix_id=2)})
    assert {key: row["ID"] for key, row in named.result.result.items()} == {"a": "1", "b": "2"}
    listed = portal.client.call_batch([get(bitrix_id=3), get(bitrix_id=4)])
    assert [row["ID"] for row in listed.call().result.result] == ["3", "4"]
    methods = {"a": ("crm.lead.get", {"ID": 5})}
    assert portal.token.call_batch(methods)["result"]["result"]["a"]["ID"] == "5"
    assert callers.call_batch(**raw(portal), methods=methods)["result"]["result"]["a"]["ID"] == "5"
    assert requests(portal.portal) == ["batch"] * 4


def test_a_batch_of_more_than_fifty_is_refused_here_or_cut(portal):
    many = {f"c{number}": portal.client.crm.lead.get(bitrix_id=number) for number in range(1, 53)}
    with pytest.raises(ValueError, match="Maximum batch size is 50"):
        portal.client.call_batch(many).call()
    assert requests(portal.portal) == []
    cut = portal.client.call_batch(many, ignore_size_limit=True)
    assert len(cut.result.result) == 50


@covers("client.call_batches", "BitrixAPIBatchesRequest.call", "token.call_batches", "callers.call_batches")
def test_batches_are_sent_one_after_another(portal):
    many = {f"c{number}": portal.client.crm.lead.get(bitrix_id=number) for number in range(1, 121)}
    answer = portal.client.call_batches(many).call()
    assert [row["ID"] for row in answer.result.result.values()] == [str(number) for number in range(1, 121)]
    methods = {key: ("crm.lead.get", {"ID": key}) for key in range(1, 121)}
    assert len(portal.token.call_batches(methods)["result"]["result"]) == 120
    assert len(callers.call_batches(**raw(portal), methods=methods)["result"]["result"]) == 120
    assert requests(portal.portal) == ["batch"] * 9


def test_references_lead_from_one_command_to_the_next(portal):
    answer = portal.token.call_batch(
        {
            "last": ("crm.lead.list", {"select": ["ID"], "order": {"ID": "DESC"}}),
            "row": ("crm.lead.get", {"ID": "$result[last][0][ID]"}),
        }
    )
    assert answer["result"]["result"]["row"]["ID"] == str(ROWS)


def test_halt_ends_the_batch_and_errors_stay_in_it(portal):
    methods = {
        "a": ("crm.lead.get", {"ID": 1}),
        "b": ("crm.lead.get", {"ID": 0}),
        "c": ("crm.lead.get", {"ID": 2}),
    }
    through = portal.token.call_batch(methods)["result"]
    assert (sorted(through["result"]), sorted(through["result_error"])) == (["a", "c"], ["b"])
    halted = portal.token.call_batch(methods, halt=True)["result"]
    assert (sorted(halted["result"]), sorted(halted["result_error"])) == (["a"], ["b"])


# lists


@covers(
    "token.call_list",
    "callers.call_list",
    "BitrixAPIRequest.as_list",
    "BitrixAPIListRequest.call",
    "BitrixAPIValuesRequest.as_list",
    "BitrixAPIValuesListRequest.call",
)
def test_a_list_is_its_first_page_and_batches_of_pages(portal):
    rows = portal.client.crm.lead.list(**SELECT, order={"ID": "ASC"}).as_list().call().result
    assert ids(rows) == EVERY_ID
    assert requests(portal.portal) == ["crm.lead.list", "batch"]
    assert len(commands(portal.portal)) == 10
    ordered = {**SELECT, "order": {"ID": "ASC"}}
    assert ids(portal.token.call_list("crm.lead.list", ordered)["result"]) == EVERY_ID
    assert (
        ids(callers.call_list(**raw(portal), api_method="crm.lead.list", params=ordered)["result"])
        == EVERY_ID
    )
    assert ids(portal.token.call_list("crm.lead.list", ordered, limit=60)["result"]) == EVERY_ID[:60]
    users = portal.client.user.get().as_list().call()
    assert [user.bitrix_id for user in users.values] == ids(result(portal.portal, "user.get"))


def test_a_filter_of_ids_alone_becomes_chunks_of_fifty(portal):
    rows = portal.token.call_list("crm.lead.list", {"filter": {"ID": EVERY_ID[:120]}, **SELECT})["result"]
    assert sorted(ids(rows)) == EVERY_ID[:120]
    assert requests(portal.portal) == ["batch"]
    assert commands(portal.portal) == ["crm.lead.list"] * 3
    assert portal.token.call_list("crm.lead.list", {"filter": {"ID": []}})["result"] == []
    assert len(requests(portal.portal)) == 1


@covers(
    "token.call_list_fast",
    "callers.call_list_fast",
    "BitrixAPIRequest.as_list_fast",
    "BitrixAPIListFastRequest.call",
    "BitrixAPIValuesRequest.as_list_fast",
    "BitrixAPIValuesListFastRequest.call",
)
def test_a_fast_list_is_a_chain_of_references(portal):
    rows = list(portal.client.crm.lead.list(**SELECT).as_list_fast().call().result)
    assert ids(rows) == EVERY_ID
    assert requests(portal.portal) == ["crm.lead.list", "batch"]
    assert len(commands(portal.portal)) == 50  # though eleven pages would do
    down = portal.token.call_list_fast("crm.lead.list", SELECT, descending=True)["result"]
    assert ids(down) == EVERY_ID[::-1]
    some = callers.call_list_fast(**raw(portal), api_method="crm.lead.list", params=SELECT, limit=120)
    assert ids(some["result"]) == EVERY_ID[:120]
    chosen = {**SELECT, "filter": {"ID": [7, 3, 5]}}
    assert ids(portal.token.call_list_fast("crm.lead.list", chosen)["result"]) == [3, 5, 7]
    users = portal.client.user.get().as_list_fast().call()
    assert [user.bitrix_id for user in users.values] == ids(result(portal.portal, "user.get"))


def test_a_fast_list_over_more_than_a_batch(monkeypatch, tmp_path):
    with served(1700, https=True) as server:
        portal = connect(server, monkeypatch, tmp_path)
        rows = portal.token.call_list_fast("crm.lead.list", SELECT)["result"]
        assert ids(rows) == list(range(1, 2551))
    assert requests(portal.portal) == ["crm.lead.list", "batch", "batch"]


@pytest.mark.parametrize("method", LISTS)
def test_lists_of_every_kind(portal, method):
    listed = portal.token.call_list(method, {"order": {"ID": "ASC"}, **LISTS[method]})["result"]
    fast = list(portal.token.call_list_fast(method, LISTS[method])["result"])
    right = right_ids(portal.portal, method)
    assert numbers(method, listed) == right
    assert numbers(method, fast) == right


# writing


def test_what_is_written_is_read(portal):
    leads = portal.client.crm.lead
    number = leads.add(fields={"TITLE": "new"}).result
    assert leads.update(bitrix_id=number, fields={"TITLE": "mended"}).result is True
    assert leads.get(bitrix_id=number).result["TITLE"] == "mended"
    assert leads.delete(bitrix_id=number).result is True
    with pytest.raises(errors.BitrixAPIBadRequest, match="Not found"):
        leads.get(bitrix_id=number).call()
    assert leads.fields().call().value


def test_values_of_several_pages_can_be_written_in_batches(portal):
    methods = [("crm.lead.update", {"ID": number, "fields": {"TITLE": "same"}}) for number in EVERY_ID[:120]]
    answer = portal.token.call_batches(methods)["result"]
    assert set(answer["result"].values()) == {True}
    assert len(portal.token.call_list("crm.lead.list", {"filter": {"TITLE": "same"}})["result"]) == 120


# an application's token


class Application(b24pysdk.BitrixApp):
    """The vendor's authorization server, to which a token is never sent here."""

    def refresh_oauth_token(self, refresh_token, **options):
        return SimpleNamespace(oauth_token=b24pysdk.credentials.OAuthToken(ACCESS_TOKEN, "next"))


def test_an_expired_token_is_renewed_and_the_call_sent_again(monkeypatch, tmp_path):
    expired = {"access_tokens": {"stale": AccessToken(1, expires_at_s=0), ACCESS_TOKEN: AccessToken(1)}}
    with served(https=True, **expired) as server:
        connect(server, monkeypatch, tmp_path)
        app = Application(client_id="app", client_secret="secret")
        token = b24pysdk.BitrixToken(
            domain=server.domain, auth_token="stale", refresh_token="first", bitrix_app=app
        )
        assert ids(token.call_list("crm.lead.list", {**SELECT, "order": {"ID": "ASC"}})["result"]) == EVERY_ID
        one_off = b24pysdk.BitrixToken(domain=server.domain, auth_token="stale", bitrix_app=app)
        with pytest.raises(errors.BitrixAPIExpiredToken):
            one_off.call_method("crm.lead.list")
    assert (token.auth_token, token.refresh_token) == (ACCESS_TOKEN, "next")
    assert [row.status for row in server.portal.journal if not row.command] == [401, 200, 200, 401]


def test_calls_are_registered_by_applications_alone(portal):
    def register(token):
        return token.get_client().telephony.external_call.register("+79000000001", 1, user_id=1)

    app = Application(client_id="app", client_secret="secret")
    token = b24pysdk.BitrixToken(domain=portal.domain, auth_token=ACCESS_TOKEN, bitrix_app=app)
    assert register(token).result["CALL_ID"]
    with pytest.raises(errors.BitrixAPIWrongAuthType):
        register(portal.token).call()


# errors


def test_errors_have_classes_of_their_own(portal):
    with pytest.raises(errors.BitrixAPIBadRequest, match="Not found"):
        portal.client.crm.lead.get(bitrix_id=99999).call()
    with pytest.raises(errors.BitrixAPINotFound, match="Method not found"):
        portal.token.call_method("crm.nothing.list")
    wrong = b24pysdk.BitrixWebhook(domain=portal.domain, webhook_token="1/other")
    with pytest.raises(errors.BitrixAPIInvalidCredentials):
        wrong.call_method("crm.lead.list")


def test_a_list_whose_batch_fails_gives_what_it_has(portal):
    """The errors of a batch of pages are logged and nothing more: rows are missing, and nobody is told."""
    real = portal.token.call_method

    def a_page_breaks(api_method, params=None, **options):
        if api_method == "batch":
            cmd = dict(params["cmd"])
            cmd[max(cmd)] = "crm.nothing.list"
            params = {**params, "cmd": cmd}
        return real(api_method, params, **options)

    portal.token.call_method = a_page_breaks
    assert len(portal.token.call_list("crm.lead.list", SELECT)["result"]) == 500


def test_a_blocked_method_is_not_asked_again(monkeypatch, tmp_path):
    limits = {"operating": "nested", "operating_limit_s": 0.1, "method_ns": {"crm.lead.get": 101_000_000}}
    with served(https=True, **limits) as server:
        portal = connect(server, monkeypatch, tmp_path)
        portal.client.crm.lead.get(bitrix_id=1).call()
        with pytest.raises(errors.BitrixAPIOperationTimeLimit):
            portal.client.crm.lead.get(bitrix_id=2).call()
    assert [row.status for row in portal.portal.journal] == [200, 429]


def test_only_503_is_sent_again(monkeypatch, tmp_path):
    with served(burst=1, https=True) as server:
        portal = connect(
            server, monkeypatch, tmp_path, max_retries=3, initial_retry_delay=1e-3, retry_delay_increment=0
        )
        portal.client.crm.lead.get(bitrix_id=1).call()
        with pytest.raises(errors.BitrixAPIQueryLimitExceeded):
            portal.client.crm.lead.get(bitrix_id=2).call()
    assert [row.status for row in portal.portal.journal] == [200, 503, 503, 503]


# connections


def test_every_request_opens_a_connection(portal):
    portal.token.call_list("crm.lead.list", SELECT)
    assert len(portal.connections) == len(requests(portal.portal)) == 2


def test_http_alone_is_not_to_be_had():
    with served() as server:
        token = b24pysdk.BitrixWebhook(domain=server.domain, webhook_token=f"1/{WEBHOOK_TOKEN}")
        with pytest.raises(errors.BitrixRequestError):
            token.call_method("user.get", timeout=0.2)  # nobody answers its handshake
