"""Product rows: of leads and deals by the classic methods, of any item by ``crm.item.productrow.*``."""

import pytest

from tests.worlds.bitrix24.helpers import make_portal, result

pytestmark = pytest.mark.once


@pytest.fixture
def portal():
    return make_portal(leads=20)


def rows(portal, owner_type="D", owner=1, **params):
    wanted = {"=ownerType": owner_type, "=ownerId": owner}
    return result(portal, "crm.item.productrow.list", filter=wanted, **params)["productRows"]


def refusal(portal, method, **params):
    reply = portal.call(method, params)
    assert reply.status == 400, reply
    return reply.body["error"], reply.body["error_description"]


def test_a_deal_has_its_rows(portal):
    classic = result(portal, "crm.deal.productrows.get", id=1)
    assert [row["id"] for row in rows(portal)] == [int(row["ID"]) for row in classic]
    assert classic[0]["OWNER_ID"] == "1"
    assert classic[0]["PRICE"] == rows(portal)[0]["price"]
    assert classic[0]["PRICE_ACCOUNT"] == f"{classic[0]['PRICE']}.00000000"
    assert result(portal, "crm.deal.productrows.get", id=2) == []
    assert [row["ownerType"] for row in rows(portal, "L", 4)] == ["L"]


@pytest.mark.parametrize("entity", ["lead", "deal"])
def test_setting_rows_replaces_them(portal, entity):
    new = [{"PRODUCT_ID": 3, "PRICE": "7.5", "QUANTITY": 2}, {"PRODUCT_NAME": "other", "PRICE": 1}]
    assert result(portal, f"crm.{entity}.productrows.set", id=4, rows=new) is True
    found = result(portal, f"crm.{entity}.productrows.get", id=4)
    assert [(row["PRICE"], row["QUANTITY"], row["PRICE_NETTO"]) for row in found] == [
        (7.5, 2, 7.5),
        (1, 1, 1),
    ]
    kept = [{"ID": found[1]["ID"], "PRICE": 5}]
    result(portal, f"crm.{entity}.productrows.set", id=4, rows=kept)
    after = result(portal, f"crm.{entity}.productrows.get", id=4)
    assert [(row["ID"], row["PRICE"], row["PRODUCT_NAME"]) for row in after] == [(found[1]["ID"], 5, "other")]
    result(portal, f"crm.{entity}.productrows.set", id=4, rows=[])
    assert result(portal, f"crm.{entity}.productrows.get", id=4) == []


def test_rows_of_another_owner_are_not_taken_away(portal):
    other = rows(portal, "D", 3)
    stolen = [{"ID": other[0]["id"], "PRICE": 1}]
    result(portal, "crm.deal.productrows.set", id=1, rows=stolen)
    assert rows(portal, "D", 3) == other
    assert len(rows(portal)) == 1


def test_rows_of_a_smart_process(portal):
    target = {"ownerType": "T406", "ownerId": 1}
    sent = [{"productName": "a", "price": 2}, {"productName": "b", "price": 3}]
    found = result(portal, "crm.item.productrow.set", **target, productRows=sent)["productRows"]
    assert [(row["ownerType"], row["ownerId"], row["price"]) for row in found] == [
        ("T406", 1, 2), ("T406", 1, 3),
    ]  # fmt: skip
    assert rows(portal, "T406", 1, order={"price": "DESC"}) == found[::-1]


def test_one_row_can_be_added_changed_and_deleted(portal):
    fields = {"ownerType": "D", "ownerId": 2, "productId": 9, "price": 10, "id": 3, "priceNetto": 7}
    row = result(portal, "crm.item.productrow.add", fields=fields)["productRow"]
    assert (row["price"], row["priceNetto"], row["ownerId"], row["quantity"]) == (10, 10, 2, 1)
    changed = result(portal, "crm.item.productrow.update", id=row["id"], fields={"quantity": 4, "ownerId": 5})
    assert changed["productRow"] == {**row, "quantity": 4}
    assert result(portal, "crm.item.productrow.get", id=row["id"]) == changed
    assert result(portal, "crm.item.productrow.delete", id=row["id"]) is None
    for method in ("get", "update", "delete"):
        told = refusal(portal, f"crm.item.productrow.{method}", id=row["id"], fields={})
        assert told == ("NOT_FOUND", "Item not found")


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("crm.item.productrow.list", {}, "100"),
        ("crm.item.productrow.list", {"filter": {"=ownerId": 1}}, "INVALID_ARG_VALUE"),
        (
            "crm.item.productrow.list",
            {"filter": {"ownerId": 1, "ownerType": "D", "x": 1}},
            "INVALID_ARG_VALUE",
        ),
        ("crm.item.productrow.set", {"ownerId": 1}, "100"),
        ("crm.item.productrow.set", {"ownerType": "D", "ownerId": 1}, "100"),
        ("crm.item.productrow.set", {"ownerType": "X", "ownerId": 1}, "ENTITY_TYPE_NOT_SUPPORTED"),
        ("crm.item.productrow.add", {"fields": {"ownerType": "D", "ownerId": 999}}, "OWNER_NOT_FOUND"),
        ("crm.item.productrow.add", {}, "100"),
        ("crm.item.productrow.get", {}, "100"),
        ("crm.deal.productrows.get", {}, ""),
        ("crm.deal.productrows.get", {"id": 999}, ""),
        ("crm.deal.productrows.set", {"id": 1, "rows": "x"}, ""),
    ],
)
def test_what_is_missing_or_unknown_is_an_error(portal, method, params, code):
    assert refusal(portal, method, **params)[0] == code
