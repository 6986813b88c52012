"""b24api 0.4 as it comes, which is what Python 3.11 gets: a client that blocks, on httpx."""

import ssl
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

import httpx
import pytest

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
)
from tests.worlds.bitrix24.helpers import ids

try:
    INSTALLED = version("b24api")
except PackageNotFoundError:
    INSTALLED = ""
if not INSTALLED.startswith("0.4."):
    pytest.skip("another b24api, or none", allow_module_level=True)

from b24api import Bitrix24
from b24api.error import ApiResponseError, RetryApiResponseError
from b24api.settings import Settings

ROWS = 523
EVERY_ID = list(range(1, ROWS + 1))
AT_ONCE = {"retry_attempts": 3, "retry_delay": 0}


def test_every_public_function_is_covered():
    assert public(Bitrix24, "Bitrix24") == covered(__name__)


@pytest.fixture(autouse=True)
def _own_session():
    """All clients of a process share one session; each test gets its own, and closes it."""
    before = Bitrix24.http
    with httpx.Client(http2=True) as Bitrix24.http:
        yield
    Bitrix24.http = before


@contextmanager
def portal(**options):
    """A client, and the server that it talks to."""
    with served(**options) as server:
        yield Bitrix24(settings=Settings(webhook_url=server.url, **AT_ONCE)), server


def lead_list(**parameters):
    return {"method": "crm.lead.list", "parameters": {"select": ["ID"], **parameters}}


def lead(number):
    return {"method": "crm.lead.get", "parameters": {"ID": number}}


@covers("Bitrix24.call")
def test_call_is_one_request():
    with portal() as (bitrix, server):
        assert bitrix.call(lead(5))["ID"] == "5"
    assert requests(server.portal) == ["crm.lead.get"]


def test_settings_come_from_the_environment(monkeypatch):
    with served() as server:
        monkeypatch.setenv("BITRIX24_API_WEBHOOK_URL", server.url)
        assert Bitrix24().call(lead(5))["ID"] == "5"


def test_https_is_the_session_s_affair():
    with portal(https=True) as (bitrix, server):
        trusting = ssl.create_default_context(cadata=server.ca.cert_pem.bytes().decode())
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            bitrix.call(lead(1))
        Bitrix24.http.close()
        with httpx.Client(http2=True, verify=trusting) as Bitrix24.http:
            assert bitrix.call(lead(5))["ID"] == "5"


@covers("Bitrix24.batch")
def test_a_batch_takes_any_number():
    with portal() as (bitrix, server):
        rows = list(bitrix.batch(lead(number) for number in range(1, 121)))
        pairs = list(bitrix.batch(((lead(number), f"lead {number}") for number in (1, 2)), with_payload=True))
    assert ids(rows) == list(range(1, 121))
    assert [(row["ID"], payload) for row, payload in pairs] == [("1", "lead 1"), ("2", "lead 2")]
    assert requests(server.portal) == ["batch"] * 4


def test_commands_can_refer_to_those_before():
    last = lead_list(order={"ID": "DESC"})
    with portal() as (bitrix, _):
        rows = list(bitrix.batch([last, lead("$result[_0][0][ID]")]))
    assert rows[1]["ID"] == str(ROWS)


@covers("Bitrix24.list_sequential")
def test_a_list_page_by_page():
    with portal() as (bitrix, server):
        assert ids(bitrix.list_sequential(lead_list(order={"ID": "ASC"}))) == EVERY_ID
    assert requests(server.portal) == ["crm.lead.list"] * 11


@covers("Bitrix24.list_batched")
def test_a_list_by_batches_of_pages():
    with portal() as (bitrix, server):
        assert ids(bitrix.list_batched(lead_list(order={"ID": "ASC"}))) == EVERY_ID
    assert requests(server.portal) == ["crm.lead.list", "batch"]


@covers("Bitrix24.list_batched_no_count")
def test_a_list_from_both_ends_without_a_count():
    with portal() as (bitrix, server):
        assert ids(bitrix.list_batched_no_count(lead_list())) == EVERY_ID
    assert requests(server.portal) == ["batch", "batch"]
    assert len(commands(server.portal)) == 2 + 9


@pytest.mark.parametrize("leads", [1, 20, 34, 67])
def test_the_two_ends_of_a_short_list_may_overlap(leads):
    with portal(leads=leads) as (bitrix, server):
        found = ids(bitrix.list_batched_no_count(lead_list()))
        assert found == list(range(1, server.portal.store.leads.size + 1))


@covers("Bitrix24.reference_batched_no_count")
def test_lists_of_many_parents():
    listing = {
        "method": "crm.activity.list",
        "parameters": {"select": ["ID", "OWNER_ID"], "filter": {"OWNER_TYPE_ID": 1}},
    }
    owners = [{"OWNER_ID": number} for number in range(1, 121)]
    with portal() as (bitrix, server):
        rows = list(bitrix.reference_batched_no_count(listing, owners))
        right = list(
            bitrix.list_sequential(
                {
                    **listing,
                    "parameters": {
                        **listing["parameters"],
                        "filter": {"OWNER_TYPE_ID": 1, "<=OWNER_ID": 120},
                    },
                }
            )
        )
        with_payload = list(
            bitrix.reference_batched_no_count(listing, [({"OWNER_ID": 1}, "first")], with_payload=True)
        )
    assert requests(server.portal)[:3] == ["batch"] * 3
    assert sorted(ids(rows)) == sorted(ids(right))
    assert {payload for _, payload in with_payload} <= {"first"}


@pytest.mark.parametrize("method", LISTS)
def test_lists_of_every_kind(method):
    parameters = {"order": {"ID": "ASC"}, **LISTS[method]}
    with portal() as (bitrix, server):
        right = right_ids(server.portal, method)
        request = {"method": method, "parameters": parameters}
        assert numbers(method, bitrix.list_sequential(request)) == right
        assert numbers(method, bitrix.list_batched(request)) == right
        if method in UNCOUNTED:
            uncounted = {"method": method, "parameters": {"select": ["ID"], **LISTS[method]}}
            assert numbers(method, bitrix.list_batched_no_count(uncounted)) == right


UNCOUNTED = ("crm.lead.list", "crm.deal.list", "crm.contact.list", "crm.activity.list")


def test_lists_without_a_count_need_one_name_for_the_number():
    """Tasks are filtered by ID and have an id: the filter by id is ignored, and rows come twice."""
    with portal() as (bitrix, _):
        tasks = {"method": "tasks.task.list", "parameters": {"select": ["ID", "id"]}}
        found = numbers("tasks.task.list", bitrix.list_batched_no_count(tasks, id_key="id"))
        with pytest.raises(KeyError, match="ID"):
            list(bitrix.list_batched_no_count(tasks))
    assert len(found) > len(set(found))


def test_lists_without_a_count_cannot_add_the_number_to_what_is_selected():
    with portal() as (bitrix, _), pytest.raises(AttributeError, match="select"):
        list(bitrix.list_batched_no_count(lead_list(select=["TITLE"])))


def test_lists_without_a_count_lose_parameters_of_other_names():
    items = {"method": "crm.item.list", "parameters": {"select": ["id"], "entityTypeId": 1}}
    with portal() as (bitrix, _), pytest.raises(ApiResponseError, match="entityTypeId"):
        list(bitrix.list_batched_no_count(items, id_key="id"))


# writing


def test_what_is_written_is_read():
    with portal() as (bitrix, _):
        new = [{"method": "crm.lead.add", "parameters": {"fields": {"TITLE": f"n{n}"}}} for n in range(60)]
        added = list(bitrix.batch(new))
        change = {"ID": added[0], "fields": {"TITLE": "mended"}}
        assert bitrix.call({"method": "crm.lead.update", "parameters": change}) is True
        gone = [{"method": "crm.lead.delete", "parameters": {"ID": number}} for number in added[1:]]
        assert list(bitrix.batch(gone)) == [True] * 59
        left = list(bitrix.list_batched(lead_list(filter={">ID": ROWS}, select=["ID", "TITLE"])))
    assert added == list(range(ROWS + 1, ROWS + 61))
    assert [(row["ID"], row["TITLE"]) for row in left] == [(str(added[0]), "mended")]


# errors


def test_an_error_carries_code_and_words():
    with portal() as (bitrix, _):
        with pytest.raises(ApiResponseError, match="API error: Not found"):
            bitrix.call(lead(99999))
        with pytest.raises(ApiResponseError, match=r"\[error_method_not_found\]"):
            bitrix.call({"method": "crm.nothing.list"})


def test_one_error_ends_a_batch_and_the_rows_before_it_are_lost():
    with portal() as (bitrix, server):
        with pytest.raises(ApiResponseError, match="Not found"):
            list(bitrix.batch([lead(1), lead(99999), lead(2)]))
        assert [row.status for row in server.portal.journal if row.command] == [200, 400]


def test_a_refused_request_is_sent_again():
    with portal(burst=2) as (bitrix, server):
        list(bitrix.batch([lead(1)]))
        bitrix.call(lead(1))
        with pytest.raises(RetryApiResponseError, match="query_limit_exceeded"):
            bitrix.call(lead(1))
    assert [row.status for row in server.portal.journal if not row.command] == [200, 200, 503, 503, 503]


def test_a_blocked_method_is_asked_again():
    limits = {"operating": "nested", "operating_limit_s": 0.1, "method_ns": {"crm.lead.get": 101_000_000}}
    with portal(**limits) as (bitrix, server):
        bitrix.call(lead(1))
        with pytest.raises(RetryApiResponseError, match="operation_time_limit"):
            bitrix.call(lead(2))
    assert [row.status for row in server.portal.journal] == [200, 429, 429, 429]


def test_one_connection_serves_all_calls():
    with portal() as (bitrix, server):
        for number in range(1, 6):
            bitrix.call(lead(number))
    assert len(server.connections) == 1
