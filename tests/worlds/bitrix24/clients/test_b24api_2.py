"""b24api 2.5 as it comes, which is what Python 3.12 and later get: asynchronous, on httpx, and strict."""

import asyncio
import json
import ssl
from importlib.metadata import PackageNotFoundError, version

import httpx
import pytest

from tests.worlds.bitrix24.clients.support import (
    LISTS,
    NESTED,
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
if not INSTALLED.startswith("2."):
    pytest.skip("another b24api, or none", allow_module_level=True)

import b24api
from b24api import contracts

ROWS = 523
EVERY_ID = list(range(1, ROWS + 1))
NUMBER = b24api.IdentityCoercion.DECIMAL_STRING_INTEGER
IDENTITY = b24api.IdentitySpec(("ID",), "ID", "ID", NUMBER)
ROOT = b24api.ResultSelector.root()
AT_ONCE = b24api.ExecutionPolicy(
    max_attempts_per_request=3, retry=b24api.RetryPolicy(initial_delay=0, maximum_delay=0)
)
LIFE = {"aclose", "from_webhook", "host"}


def test_every_public_function_is_covered():
    assert public(b24api.Bitrix24, "Bitrix24") - {f"Bitrix24.{name}" for name in LIFE} == covered(__name__)


def run(client, *, policy=AT_ONCE, **options):
    """What ``client(bitrix)`` returns, and the server it talked to."""
    with served(**options) as server:

        async def main():
            async with b24api.Bitrix24.from_webhook(server.url, policy=policy) as bitrix:
                return await client(bitrix)

        return asyncio.run(main()), server


def lead_list(**parameters):
    return b24api.Request.bare("crm.lead.list", {"select": ["ID"], **parameters}, b24api.ReplaySafety.SAFE)


def lead(number):
    return b24api.Request.bare("crm.lead.get", {"ID": number}, b24api.ReplaySafety.SAFE)


def some(*numbers):
    """Commands, each with its number as what it is known by."""
    return [contracts.Command(lead(number), number) for number in numbers]


async def rows(stream):
    return [row async for row in stream]


# calls


@covers("Bitrix24.call", "Bitrix24.call_response", "Bitrix24.call_bytes")
def test_a_call_gives_the_result_the_answer_or_its_bytes():
    async def client(bitrix):
        answer = await bitrix.call_response(lead_list())
        content = await bitrix.call_bytes(lead(6))
        return await bitrix.call(lead(5)), answer, json.loads(content.body)

    (row, answer, body), server = run(client)
    assert (row["ID"], body["result"]["ID"]) == ("5", "6")
    assert (answer.total, answer.next, answer.time.duration) == (ROWS, 50, 0)
    assert sorted(requests(server.portal)) == ["crm.lead.get", "crm.lead.get", "crm.lead.list"]
    assert len(server.connections) == 1


def test_settings_come_from_the_environment(monkeypatch):
    async def main():
        async with b24api.Bitrix24() as bitrix:
            return (await bitrix.call(lead(5)))["ID"], bitrix.host

    with served() as server:
        monkeypatch.setenv("BITRIX24_API_WEBHOOK_URL", server.url)
        assert asyncio.run(main()) == ("5", "127.0.0.1")


def test_https_with_a_session_of_ones_own():
    async def main(server):
        trusting = ssl.create_default_context(cadata=server.ca.cert_pem.bytes().decode())
        async with httpx.AsyncClient(verify=trusting) as session:
            transport = b24api.HttpxTransport(server.url, client=session)
            settings = b24api.Settings(webhook_url=server.url)
            async with b24api.Bitrix24(settings, policy=AT_ONCE, transport=transport) as bitrix:
                row = await bitrix.call(lead(5))
            await transport.aclose()
            return row["ID"]

    with served(https=True) as server:
        assert asyncio.run(main(server)) == "5"


@pytest.mark.parametrize("encoding", ["JSON", "FORM_URLENCODED"])
@pytest.mark.parametrize("route", ["BARE", "JSON"])
def test_every_encoding_and_route_reads_the_same(encoding, route):
    request = b24api.Request(
        "crm.lead.list",
        {"filter": {"<=ID": 3, "@STATUS_ID": ["NEW", "PROCESSED", "IN_PROCESS"]}, "select": ["ID"]},
        encoding=contracts.BodyEncoding[encoding],
        route=b24api.RouteKind[route],
    )
    found, _ = run(lambda bitrix: bitrix.call(request))
    assert {"1", "2", "3"} >= {row["ID"] for row in found} != set()


# batches


@covers("Bitrix24.batch")
def test_a_batch_takes_any_number():
    done, server = run(lambda bitrix: rows(bitrix.batch(some(*range(1, 121)))))
    assert [(row.correlation, row.result["ID"]) for row in done] == [(n, str(n)) for n in range(1, 121)]
    assert requests(server.portal) == ["batch"] * 3


@covers("Bitrix24.batch_outcomes")
def test_a_batch_that_goes_on_after_errors():
    done, server = run(lambda bitrix: rows(bitrix.batch_outcomes(some(1, 99999, 2))))
    parts = contracts.partition_command_outcomes(done)
    assert [row.correlation for row in parts.successes] == [1, 2]
    assert [(row.correlation, str(row.error)) for row in parts.failures] == [(99999, "API error: Not found")]
    assert requests(server.portal) == ["batch"]


@covers("Bitrix24.fan_out")
def test_fanning_out_directly_or_by_batches():
    async def client(bitrix):
        directly = await rows(bitrix.fan_out(some(*range(1, 21))))
        dispatch = b24api.BatchDispatch(batch_size=10)
        return directly, await rows(bitrix.fan_out(some(*range(1, 21)), dispatch=dispatch))

    (directly, batched), server = run(client)
    assert sorted(row.correlation for row in directly) == sorted(row.correlation for row in batched)
    assert [requests(server.portal).count(method) for method in ("crm.lead.get", "batch")] == [20, 2]


@covers("Bitrix24.fan_out_outcomes")
def test_fanning_out_that_goes_on_after_errors():
    done, _ = run(lambda bitrix: rows(bitrix.fan_out_outcomes(some(1, 99999, 2))))
    parts = contracts.partition_command_outcomes(done)
    assert sorted(row.correlation for row in parts.successes) == [1, 2]
    assert [row.error.http_status for row in parts.failures] == [400]


# lists


@covers("Bitrix24.iter_list")
@pytest.mark.parametrize("past_end", ["empty", "wrap"])
def test_a_list_page_by_page_asks_for_one_more(past_end):
    """It ends with an empty page, which a portal that starts again at its first page never gives."""
    stream = lead_list(order={"ID": "ASC"})
    if past_end == "wrap":
        with pytest.raises(b24api.IncompleteTraversalError, match="pagination_invariant"):
            run(lambda bitrix: rows(bitrix.iter_list(stream, identity=IDENTITY)), past_end=past_end)
        return
    found, server = run(lambda bitrix: rows(bitrix.iter_list(stream, identity=IDENTITY)), past_end=past_end)
    assert ids(found) == EVERY_ID
    assert requests(server.portal) == ["crm.lead.list"] * 12


@covers("Bitrix24.iter_list_counted")
def test_a_list_by_its_count():
    counted = lead_list(order={"ID": "ASC"})
    found, server = run(lambda bitrix: rows(bitrix.iter_list_counted(counted, identity=IDENTITY)))
    assert ids(found) == EVERY_ID
    assert requests(server.portal) == ["crm.lead.list", "batch"]


def test_a_stream_may_be_read_in_part():
    async def client(bitrix):
        request = lead_list(order={"ID": "ASC"})
        first = await bitrix.iter_list(request, identity=IDENTITY).first()
        some = await bitrix.iter_list(request, identity=IDENTITY).collect(limit=60)
        return first.value, some.value

    (first, some), server = run(client)
    assert ids(first) == [1]
    assert ids(some) == EVERY_ID[:60]
    assert requests(server.portal) == ["crm.lead.list"] * 3


CONTRACT = b24api.StableIntegerKeysetContract()
KEYSETS = {
    "sequential": b24api.SequentialKeysetExecution(),
    "auto": b24api.AutoKeysetExecution(CONTRACT),
    "range": b24api.RangeKeysetExecution(CONTRACT),
    "partitioned": b24api.PartitionedKeysetExecution(CONTRACT),
}


@covers("Bitrix24.iter_list_keyset")
@pytest.mark.parametrize("way", KEYSETS)
def test_a_list_by_the_last_number_seen(way):
    def client(bitrix):
        return rows(
            bitrix.iter_list_keyset(lead_list(), selector=ROOT, identity=IDENTITY, execution=KEYSETS[way])
        )

    found, server = run(client)
    assert sorted(ids(found)) == EVERY_ID
    assert (len(requests(server.portal)), len(commands(server.portal))) == KEYSET_COST[way]


KEYSET_COST = {"sequential": (12, 0), "auto": (3, 11), "range": (3, 11), "partitioned": (4, 43)}

CURSOR = b24api.CursorSpec(
    b24api.ParameterPath(("filter", ">ID")), ("ID",), NUMBER, direction="ascending", take="last"
)


@covers("Bitrix24.iter_list_cursor")
def test_a_list_by_a_cursor():
    ordered = lead_list(order={"ID": "ASC"}, start=-1)
    found, server = run(lambda bitrix: rows(bitrix.iter_list_cursor(ordered, selector=ROOT, cursor=CURSOR)))
    assert ids(found) == EVERY_ID
    assert requests(server.portal) == ["crm.lead.list"] * 12


@pytest.mark.parametrize("method", LISTS)
def test_lists_of_every_kind(method):
    path = (NESTED[method],) if method in NESTED else ()
    key = "id" if method in NESTED else "ID"
    settings = {
        "selector": b24api.ResultSelector(path),
        "identity": b24api.IdentitySpec((key,), key, key, IDENTITIES.get(method, NUMBER)),
    }
    request = b24api.Request.bare(method, {"order": {"ID": "ASC"}, **LISTS[method]}, b24api.ReplaySafety.SAFE)

    async def client(bitrix):
        paged = await rows(bitrix.iter_list(request, **settings))
        return paged, await rows(bitrix.iter_list_counted(request, **settings))

    (paged, counted), server = run(client, past_end="empty")
    assert numbers(method, paged) == numbers(method, counted) == right_ids(server.portal, method)


IDENTITIES = {"crm.item.list": b24api.IdentityCoercion.EXACT_INTEGER}


def owner(number):
    path = b24api.ParameterPath(("filter", "OWNER_ID"))
    return b24api.Binding(f"lead {number}", (b24api.ParameterUpdate(path, number),), number)


ACTIVITIES = b24api.Request.bare(
    "crm.activity.list",
    {"select": ["ID", "OWNER_ID"], "filter": {"OWNER_TYPE_ID": 1}, "order": {"ID": "ASC"}},
    b24api.ReplaySafety.SAFE,
)


@covers("Bitrix24.iter_references", "Bitrix24.iter_cursors", "Bitrix24.iter_reference_outcomes")
def test_lists_of_many_parents():
    owners = range(1, 121)
    counted = b24api.CountedTraversal(identity=IDENTITY)

    async def client(bitrix):
        events = await rows(bitrix.iter_references(ACTIVITIES, map(owner, owners), traversal=counted))
        outcomes = await rows(
            bitrix.iter_reference_outcomes(ACTIVITIES, map(owner, owners), traversal=counted)
        )
        return events, outcomes

    (events, outcomes), server = run(client)
    parts = contracts.partition_reference_outcomes(outcomes)
    assert sorted(done.correlation for done in parts.completions) == list(owners)
    items = [event for event in events if isinstance(event, contracts.ReferenceItem)]
    assert {int(event.item["OWNER_ID"]) - event.correlation for event in items} == {0}
    assert len(items) == len(parts.items)
    assert set(requests(server.portal)) == {"batch"}


def test_cursors_of_many_parents():
    def client(bitrix):
        return rows(bitrix.iter_cursors(ACTIVITIES, map(owner, range(1, 21)), selector=ROOT, cursor=CURSOR))

    events, _ = run(client)
    assert sum(isinstance(event, contracts.ReferenceComplete) for event in events) == 20


@covers("Bitrix24.verify_keyset_capability")
def test_the_portal_can_be_walked_by_number():
    report, _ = run(
        lambda bitrix: bitrix.verify_keyset_capability(lead_list(), selector=ROOT, identity=IDENTITY)
    )
    assert report.verdict is contracts.KeysetCapabilityVerdict.VERIFIED


# writing


def test_what_is_written_is_read():
    def write(method, **parameters):
        return contracts.Command(b24api.Request.bare(method, parameters, b24api.ReplaySafety.UNSAFE), None)

    async def client(bitrix):
        new = [write("crm.lead.add", fields={"TITLE": f"new {number}"}) for number in range(60)]
        added = [done.result async for done in bitrix.batch(new)]
        change = write("crm.lead.update", ID=added[0], fields={"TITLE": "mended"})
        changed = await bitrix.call(change.request)
        gone = await rows(bitrix.batch(write("crm.lead.delete", ID=number) for number in added[1:]))
        left = lead_list(filter={">ID": ROWS}, select=["ID", "TITLE"], order={"ID": "ASC"})
        return added, changed, len(gone), await rows(bitrix.iter_list_counted(left, identity=IDENTITY))

    (added, changed, gone, left), _ = run(client)
    assert (added, changed, gone) == (list(range(ROWS + 1, ROWS + 61)), True, 59)
    assert [(row["ID"], row["TITLE"]) for row in left] == [(str(added[0]), "mended")]


# errors


def test_errors_carry_status_code_and_words():
    async def client(bitrix):
        caught = []
        for request in (lead(99999), b24api.Request.bare("crm.nothing.list")):
            with pytest.raises(b24api.ApiResponseError) as error:
                await bitrix.call(request)
            caught.append((error.value.http_status, error.value.normalized_code))
        return caught

    assert run(client)[0] == [(400, ""), (404, "error_method_not_found")]


def test_a_batch_ends_at_its_first_error_and_says_what_came_of_the_rest():
    async def client(bitrix):
        stream = bitrix.batch(some(1, 99999, 2))
        first = await anext(stream)
        with pytest.raises(b24api.BatchFailed) as caught:
            await anext(stream)
        return first.correlation, [type(outcome) for outcome in caught.value.outcomes]

    assert run(client)[0] == (1, [contracts.CommandFailure, contracts.CommandNotExecuted])


def test_a_refused_request_is_sent_again():
    async def client(bitrix):
        await bitrix.call(lead(1))
        with pytest.raises(b24api.BudgetExceededError) as caught:
            await bitrix.call(lead(2))
        return caught.value.__cause__.normalized_code

    code, server = run(client, burst=1)
    assert code == "query_limit_exceeded"
    assert [row.status for row in server.portal.journal] == [200, 503, 503, 503]
