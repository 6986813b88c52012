"""The client library fast_bitrix24 as it comes, against the portal as a real server."""

import asyncio
import warnings

import pytest

from perfkit.worlds.bitrix24.server import start_server
from tests.worlds.bitrix24.helpers import ids, make_portal

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    fast_bitrix24 = pytest.importorskip("fast_bitrix24")

FREE = {"base_ns": 0, "command_ns": 0, "row_ns": 0, "count_row_ns": 0}


def run(client, leads=100, **options):
    """What ``client(bitrix)`` returns, and the portal it talked to."""
    portal = make_portal(leads=leads, **{**FREE, **options})

    async def scenario():
        runner, url = await start_server(portal)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                return await client(fast_bitrix24.BitrixAsync(url, verbose=False))
        finally:
            await runner.cleanup()

    return asyncio.run(scenario()), portal


def requests(portal):
    return [row.method for row in portal.journal if not row.command]


@pytest.mark.parametrize("burst", [None, 50])
def test_get_all_reads_every_page(burst):
    rows, portal = run(lambda bitrix: bitrix.get_all("crm.lead.list", {"select": ["ID"]}), burst=burst)
    assert sorted(ids(rows)) == list(range(1, 151))
    assert requests(portal) == ["crm.lead.list", "batch"]


def test_get_all_keeps_to_its_filter():
    wanted = {"filter": {">=ID": 10, "STATUS_ID": ["NEW", "PROCESSED"]}}
    rows, portal = run(lambda bitrix: bitrix.get_all("crm.lead.list", wanted), leads=400)
    right = [
        row for row in portal.store.leads.render(range(9, 600)) if row["STATUS_ID"] in ("NEW", "PROCESSED")
    ]
    assert len(right) > 120
    assert sorted(rows, key=lambda row: int(row["ID"])) == right


def test_get_by_id_returns_a_dict():
    wanted = [str(n) for n in range(1, 121)]
    rows, portal = run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", wanted))
    assert {key: row["ID"] for key, row in rows.items()} == {key: key for key in wanted}
    assert requests(portal) == ["batch"] * 3


def test_call_takes_one_item_or_many():
    async def client(bitrix):
        one = await bitrix.call("crm.lead.get", {"ID": 5})
        many = await bitrix.call("crm.lead.get", [{"ID": n} for n in range(1, 121)])
        raw = await bitrix.call("crm.lead.get", {"ID": 6}, raw=True)
        return one, many, raw

    (one, many, raw), portal = run(client)
    assert one["order0000000000"]["ID"] == "5"
    assert sorted(ids(many)) == list(range(1, 121))
    assert raw["result"]["ID"] == "6"
    assert requests(portal) == ["batch"] * 4 + ["crm.lead.get"]


def test_call_batch_resolves_references():
    cmd = {
        "last": "crm.lead.list?select[]=ID&order[ID]=DESC",
        "row": "crm.lead.get?ID=$result[last][0][ID]",
    }
    rows, _ = run(lambda bitrix: bitrix.call_batch({"halt": 0, "cmd": cmd}))
    assert rows["row"]["ID"] == "150"


def test_an_unknown_id_fails_the_whole_call():
    with pytest.raises(Exception, match="Not found"):
        run(lambda bitrix: bitrix.get_by_ID("crm.lead.get", ["1", "99999"]))


def test_the_published_filter_fetches_everything():
    published = {
        "filter": {"LOGIC": "OR", "FILTER": [{"OWNER_TYPE_ID": 1, "OWNER_ID": n} for n in range(1, 16)]}
    }
    rows, portal = run(lambda bitrix: bitrix.get_all("crm.activity.list", published))
    assert len(rows) == portal.store.activities.size
    dropped = {row.dropped_filter_keys for row in portal.journal if row.method == "crm.activity.list"}
    assert dropped == {("LOGIC", "FILTER")}
