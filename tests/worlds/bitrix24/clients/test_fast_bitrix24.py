"""fast_bitrix24 as it comes, against the portal as a real server: every public function."""

import asyncio
import os
import subprocess
import sys
import threading
import warnings

import aiohttp
import pytest

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
)
from tests.worlds.bitrix24.helpers import ids, read_all, result

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fast_bitrix24 = pytest.importorskip("fast_bitrix24")
    from fast_bitrix24.server_response import ErrorInServerResponseException

ROWS = 523
EVERY_ID = [str(number) for number in range(1, ROWS + 1)]


def test_every_public_function_is_covered():
    assert covered(__name__) == {
        name
        for client in (fast_bitrix24.BitrixAsync, fast_bitrix24.Bitrix)
        for name in public(client, client.__name__)
        if name != "Bitrix.sync_decorator"  # a helper of the class body, which takes no client
    }


def run(client, *, settings=None, **options):
    """What ``client(bitrix)`` returns, and the server it talked to."""
    with served(**options) as server:

        async def main():
            return await client(
                fast_bitrix24.BitrixAsync(server.url, verbose=False, **(settings or {"ssl": False}))
            )

        return asyncio.run(main()), server


def in_thread(function):
    """A thread without an event loop, where the library makes one of its own and closes it."""
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function()))
    thread.start()
    thread.join()
    return answers[0]


# reading


@covers("BitrixAsync.get_all")
@pytest.mark.parametrize(
    ("leads", "rows", "seen"),
    [
        (20, 30, ["crm.lead.list"]),
        (349, ROWS, ["crm.lead.list", "batch"]),
        (1700, 2550, ["crm.lead.list", "batch"]),
    ],
)
def test_get_all_asks_for_the_first_page_and_then_for_batches_of_pages(leads, rows, seen):
    found, server = run(lambda bitrix: bitrix.get_all("crm.lead.list", {"select": ["ID"]}), leads=leads)
    assert sorted(ids(found)) == list(range(1, rows + 1))
    assert requests(server.portal) == seen
    assert len(commands(server.portal)) == -(-rows // 50) - 1


def test_get_all_keeps_to_its_filter():
    wanted = {"filter": {">=ID": 10, "STATUS_ID": ["NEW", "PROCESSED"]}}
    found, server = run(lambda bitrix: bitrix.get_all("crm.lead.list", wanted))
    every = read_all(server.portal, "crm.lead.list", order={"ID": "ASC"})[9:]
    right = [row for row in every if row["STATUS_ID"] in ("NEW", "PROCESSED")]
    assert len(right) > 120
    assert sorted(found, key=lambda row: int(row["ID"])) == right


def test_get_all_of_a_method_without_list_in_its_name():
    found, server = run(lambda bitrix: bitrix.get_all("user.get"))
    assert found == result(server.portal, "user.get")


@pytest.mark.parametrize("method", LISTS)
def test_get_all_of_every_kind_of_list(method):
    found, server = run(lambda bitrix: bitrix.get_all(method, LISTS[method]))
    assert sorted(numbers(method, found)) == right_ids(server.portal, method)


def test_rows_of_several_pages_come_in_any_order():
    """They are put into a set: the order depends on PYTHONHASHSEED."""
    script = (
        "import asyncio, sys; from fast_bitrix24 import BitrixAsync; "
        "bitrix = BitrixAsync(sys.argv[1], verbose=False); "
        "rows = asyncio.run(bitrix.get_all('crm.lead.list', {'select': ['ID']})); "
        "print(*(row['ID'] for row in rows))"
    )
    with served() as server:
        orders = [
            subprocess.run(
                [sys.executable, "-W", "ignore", "-c", script, server.url],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout.split()
            for seed in ("1", "2")
        ]
    assert orders[0] != orders[1]
    assert sorted(orders[0], key=int) == sorted(orders[1], key=int) == EVERY_ID


@covers("BitrixAsync.get_by_ID")
def test_get_by_id_sends_batches_of_fifty():
    wanted = EVERY_ID[:120]
    found, server = run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", wanted))
    assert {key: row["ID"] for key, row in found.items()} == {key: key for key in wanted}
    assert requests(server.portal) == ["batch"] * 3
    assert {row.command for row in server.portal.journal if row.command} == set(wanted)


@covers("BitrixAsync.list_and_get")
def test_list_and_get_is_two_passes():
    async def client(bitrix):
        with pytest.warns(DeprecationWarning, match="list_and_get"):
            return await bitrix.list_and_get("crm.lead")

    found, server = run(client)
    assert sorted(found, key=int) == EVERY_ID
    assert len(requests(server.portal)) == 13
    assert commands(server.portal).count("crm.lead.get") == ROWS


@covers("BitrixAsync.call")
def test_call_takes_one_item_or_many():
    async def client(bitrix):
        one = await bitrix.call("crm.lead.get", {"ID": 5})
        many = await bitrix.call("crm.lead.get", [{"ID": number} for number in range(1, 121)])
        raw = await bitrix.call("crm.lead.get", {"ID": 6}, raw=True)
        return one, many, raw

    (one, many, raw), server = run(client)
    assert one["order0000000000"]["ID"] == "5"
    assert sorted(ids(many)) == list(range(1, 121))
    assert raw["result"]["ID"] == "6"
    assert requests(server.portal) == ["batch"] * 4 + ["crm.lead.get"]


def test_call_of_a_list_method_gives_one_row():
    async def client(bitrix):
        with pytest.warns(UserWarning, match="get_all"):
            return await bitrix.call("crm.lead.list", {"select": ["ID"], "order": {"ID": "ASC"}})

    assert run(client)[0] == {"ID": "1"}


@covers("BitrixAsync.call_batch")
def test_call_batch_resolves_references():
    cmd = {
        "last": "crm.lead.list?select[]=ID&order[ID]=DESC",
        "row": "crm.lead.get?ID=$result[last][0][ID]",
        "count": "crm.lead.get?ID=$result_total[last]",
    }
    rows, server = run(lambda bitrix: bitrix.call_batch({"halt": 0, "cmd": cmd}))
    assert rows["row"]["ID"] == rows["count"]["ID"] == str(ROWS)
    assert requests(server.portal) == ["batch"]


@covers("BitrixAsync.slow", "Bitrix.slow")
def test_slow_sends_one_request_at_a_time():
    async def client(bitrix):
        with bitrix.slow(1):
            await bitrix.get_by_ID("crm.lead.get", EVERY_ID)
        slowly = bitrix.srh.mcr_max
        with bitrix.slow(max_concurrent_requests=3):
            return slowly, bitrix.srh.mcr_max

    assert run(client)[0] == (50, 3)
    assert fast_bitrix24.Bitrix.slow is fast_bitrix24.BitrixAsync.slow


# writing


def test_what_is_written_is_read():
    async def client(bitrix):
        new = [{"fields": {"TITLE": f"new {number}"}} for number in range(60)]
        added = await bitrix.call("crm.lead.add", new)
        await bitrix.call("crm.lead.update", {"ID": added[0], "fields": {"TITLE": "mended"}})
        await bitrix.call("crm.lead.delete", [{"ID": number} for number in added[1:]])
        left = await bitrix.get_all("crm.lead.list", {"filter": {">ID": ROWS}})
        return added, left

    (added, left), _ = run(client)
    assert sorted(added) == list(range(ROWS + 1, ROWS + 61))
    assert [(row["ID"], row["TITLE"]) for row in left] == [(str(added[0]), "mended")]


def test_a_batch_writes_to_what_it_has_just_made():
    cmd = {
        "lead": "crm.lead.add?fields[TITLE]=one",
        "call": "crm.activity.add?fields[OWNER_TYPE_ID]=1&fields[OWNER_ID]=$result[lead]&fields[TYPE_ID]=2"
        "&fields[SUBJECT]=two&fields[RESPONSIBLE_ID]=1&fields[COMMUNICATIONS][0][VALUE]=%2B7900",
        "seen": "crm.activity.list?filter[OWNER_TYPE_ID]=1&filter[OWNER_ID]=$result[lead]",
    }
    answers, _ = run(lambda bitrix: bitrix.call_batch({"halt": 1, "cmd": cmd}))
    assert [(row["OWNER_ID"], row["SUBJECT"]) for row in answers["seen"]] == [(str(answers["lead"]), "two")]


# an application's token


def test_a_rejected_token_is_asked_for_again():
    tokens = iter(("stale", ACCESS_TOKEN))

    async def token():
        return next(tokens)

    async def client(url):
        bitrix = fast_bitrix24.BitrixAsync(url, token_func=token, verbose=False)
        return await bitrix.get_all("crm.lead.list", {"select": ["ID"]})

    with served() as server:
        found = asyncio.run(client(f"http://{server.domain}/rest/"))
    assert sorted(ids(found)) == list(range(1, ROWS + 1))
    assert [row.status for row in server.portal.journal if not row.command] == [401, 200, 200]


# the client that blocks


@covers("Bitrix.get_all", "Bitrix.get_by_ID", "Bitrix.list_and_get", "Bitrix.call", "Bitrix.call_batch")
def test_the_client_that_blocks_does_the_same():
    with served() as server:
        bitrix = fast_bitrix24.Bitrix(server.url, verbose=False)

        def everything():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # list_and_get and get_event_loop
                return (
                    bitrix.get_all("crm.lead.list", {"select": ["ID"]}),
                    bitrix.get_by_ID("crm.lead.get", ["1", "2"]),
                    bitrix.list_and_get("crm.lead"),
                    bitrix.call("crm.lead.get", {"ID": 7}),
                    bitrix.call_batch({"halt": 0, "cmd": {"a": "crm.lead.get?ID=8"}}),
                )

        listed, by_id, both, called, batched = in_thread(everything)
    assert sorted(ids(listed)) == sorted(int(key) for key in both) == list(range(1, ROWS + 1))
    assert sorted(by_id) == ["1", "2"]
    assert (called["order0000000000"]["ID"], batched["a"]["ID"]) == ("7", "8")


def test_inside_a_running_loop_it_gives_a_task():
    async def client(_):
        task = fast_bitrix24.Bitrix(server.url, verbose=False).get_by_ID("crm.lead.get", ["1", "2"])
        assert isinstance(task, asyncio.Task)
        return await task

    with served() as server:
        assert sorted(asyncio.run(client(None))) == ["1", "2"]


# errors


def test_one_unknown_id_fails_the_whole_call():
    with pytest.raises(ErrorInServerResponseException, match="Not found"):
        run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", ["1", "99999"]))


def test_an_error_of_a_single_call_is_one_of_http_and_says_nothing_of_the_portal():
    with pytest.raises(aiohttp.ClientResponseError) as caught:
        run(lambda bitrix: bitrix.call("crm.lead.get", {"ID": 99999}, raw=True))
    assert (caught.value.status, "Not found" in str(caught.value)) == (400, False)


def test_an_unknown_method_is_a_404_alone_and_a_message_in_a_batch():
    with pytest.raises(aiohttp.ClientResponseError) as caught:
        run(lambda bitrix: bitrix.get_all("crm.nothing.list"))
    assert caught.value.status == 404
    with pytest.raises(ErrorInServerResponseException, match="ERROR_METHOD_NOT_FOUND"):
        run(lambda bitrix: bitrix.call_batch({"halt": 0, "cmd": {"a": "crm.nothing.list"}}))


def test_more_than_fifty_commands_are_an_error_each():
    cmd = {f"c{number}": f"crm.lead.get?ID={number}" for number in range(1, 53)}
    with pytest.raises(ErrorInServerResponseException) as caught:
        run(lambda bitrix: bitrix.call_batch({"halt": 0, "cmd": cmd}))
    (errors,) = caught.value.args
    assert {error["error"] for error in errors.values()} == {"ERROR_BATCH_LENGTH_EXCEEDED"}
    assert sorted(errors) == ["c51", "c52"]


def test_a_session_of_ones_own_that_raises_nothing_turns_errors_into_none():
    async def client(url):
        async with aiohttp.ClientSession() as session:
            bitrix = fast_bitrix24.BitrixAsync(url, verbose=False, client=session)
            return await bitrix.get_all("crm.nothing.list")

    with served() as server:
        assert asyncio.run(client(server.url)) is None


def test_the_published_filter_fetches_everything():
    published = {
        "filter": {"LOGIC": "OR", "FILTER": [{"OWNER_TYPE_ID": 1, "OWNER_ID": n} for n in range(1, 16)]}
    }
    found, server = run(lambda bitrix: bitrix.get_all("crm.activity.list", published), leads=100)
    assert len(found) == server.portal.store.activities.size
    dropped = {row.dropped_filter_keys for row in server.portal.journal if row.method == "crm.activity.list"}
    assert dropped == {("LOGIC", "FILTER")}


# connections


@pytest.mark.parametrize("https", [False, True])
def test_every_call_opens_a_connection_unless_the_session_is_ones_own(https):
    async def client(url):
        bitrix = fast_bitrix24.BitrixAsync(url, verbose=False, ssl=not https)
        for number in range(1, 6):
            await bitrix.call("crm.lead.get", {"ID": number})
        opened = len(server.connections)
        connector = aiohttp.TCPConnector(ssl=not https)
        async with aiohttp.ClientSession(connector=connector, raise_for_status=True) as session:
            own = fast_bitrix24.BitrixAsync(url, verbose=False, client=session, ssl=not https)
            for number in range(1, 6):
                await own.call("crm.lead.get", {"ID": number})
        return opened, len(server.connections) - opened

    with served(https=https) as server:
        assert asyncio.run(client(server.url)) == (5, 1)


def test_https_is_checked_unless_told_otherwise():
    with pytest.raises(RuntimeError, match="exhausted") as caught:
        run(lambda bitrix: refusing_to_wait(bitrix).get_all("user.get"), https=True, settings={"ssl": True})
    assert isinstance(caught.value.__cause__, aiohttp.ClientConnectorCertificateError)
    found, _ = run(lambda bitrix: bitrix.get_all("user.get"), https=True)
    assert found


def refusing_to_wait(bitrix):
    """A client that has failed ten times in a row: the next failure ends it, without the pauses before."""
    bitrix.srh.successive_results = -10
    bitrix.srh.autothrottle = nothing
    return bitrix


async def nothing():
    pass
