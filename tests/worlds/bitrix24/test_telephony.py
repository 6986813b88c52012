"""Calls of an outside telephone exchange, from register to finish, and what CRM has of them."""

import pytest

from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, TARIFFS, AccessToken
from perfkit.worlds.bitrix24.fields import iso
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


NOW_S = 1_767_225_600.0
RING = {"USER_ID": 12, "PHONE_NUMBER": "+79001234567", "TYPE": 2, "LINE_NUMBER": "3"}
FORMER_USER = 301
UNKNOWN = "Call is not found (call should be registered prior to finishing)"


class Exchange:
    """An application that calls the telephony methods of one portal."""

    def __init__(self, clock=None, **options):
        self.clock = clock or Clock(NOW_S)
        self.portal = make_portal(clock=self.clock, **options)
        self.caller = self.portal.authenticate(None, ACCESS_TOKEN)

    def reply(self, method, caller=None, **params):
        return self.portal.call(f"telephony.{method}", params, caller=caller or self.caller)

    def __call__(self, method, **params):
        reply = self.reply(f"externalCall.{method}", **params)
        assert reply.status == 200, reply
        return reply.body["result"]

    def error(self, method, **params):
        reply = self.reply(f"externalCall.{method}", **params)
        return reply.status, reply.body["error"], reply.body["error_description"]

    def ring(self, **params):
        return self("register", **{**RING, **params})["CALL_ID"]


@pytest.fixture
def exchange():
    return Exchange()


def core_error(text):
    return 400, "ERROR_CORE", text


def test_a_call_from_ring_to_record(exchange):
    registered = exchange("register", **RING)
    call_id = registered["CALL_ID"]
    assert registered == {
        "CALL_ID": call_id,
        "CRM_CREATED_LEAD": None,
        "CRM_CREATED_ENTITIES": [],
        "CRM_ENTITY_TYPE": None,
        "CRM_ENTITY_ID": None,
    }
    assert exchange("show", CALL_ID=call_id, USER_ID=[15, 18]) is True
    assert exchange("hide", CALL_ID=call_id, USER_ID=12) is True
    assert exchange.portal.telephony.going_on(call_id).shown_to == [15, 18]
    exchange.clock.now_s += 95
    finished = exchange("finish", CALL_ID=call_id, USER_ID=15, DURATION=95, VOTE=5, COST="1.5")
    assert finished == {
        "CALL_ID": call_id, "EXTERNAL_CALL_ID": None, "PORTAL_USER_ID": 15, "PHONE_NUMBER": "+79001234567",
        "PORTAL_NUMBER": "3", "INCOMING": "2", "CALL_DURATION": 95, "CALL_START_DATE": {}, "CALL_STATUS": 1,
        "CALL_VOTE": 5, "COST": 1.5, "COST_CURRENCY": "", "CALL_FAILED_CODE": "200",
        "CALL_FAILED_REASON": "", "REST_APP_ID": "1", "REST_APP_NAME": "perfkit", "CRM_ACTIVITY_ID": None,
        "COMMENT": None, "CRM_ENTITY_TYPE": None, "CRM_ENTITY_ID": None, "ID": 1,
    }  # fmt: skip
    record = exchange("attachRecord", CALL_ID=call_id, FILENAME="1.mp3", FILE_CONTENT="aGVsbG8=")
    assert record == {"FILE_ID": 9007}


def test_call_ids_are_the_same_in_every_run_and_never_twice(exchange):
    ids = [exchange.ring(EXTERNAL_CALL_ID=str(number)) for number in range(500)]
    assert len(set(ids)) == 500
    assert ids[0].startswith("externalCall.")
    assert ids[0].endswith(f".{int(NOW_S)}")
    again = Exchange()
    assert [again.ring(EXTERNAL_CALL_ID=str(number)) for number in range(500)] == ids
    assert Exchange(seed=2).ring() not in ids


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({}, True),
        ({"CRM_ENTITY_TYPE": "LEAD", "CRM_ENTITY_ID": 1, "SHOW": 0}, True),
        ({"CALL_START_DATE": "2026-01-01T00:00:00+03:00"}, True),
        ({"PHONE_NUMBER": "+7 (900) 123-45-67"}, True),
        ({"PHONE_NUMBER": "+79001234568"}, False),
        ({"TYPE": "3"}, False),
        ({"USER_ID": 15}, False),
        ({"LINE_NUMBER": "4"}, False),
        ({"EXTERNAL_CALL_ID": "asterisk-1"}, False),
    ],
)
def test_a_call_registered_again_is_the_same_by_five_keys(exchange, changed, same):
    first = exchange.ring()
    exchange.clock.now_s += 1799
    assert (exchange.ring(**changed) == first) is same


def test_a_call_is_registered_anew_after_half_an_hour_or_its_end(exchange):
    first = exchange.ring()
    exchange.clock.now_s += 1800
    second = exchange.ring()
    assert second != first
    exchange("finish", CALL_ID=second, USER_ID=12)
    third = exchange.ring()
    assert third != second
    assert exchange("show", CALL_ID=first) is True, "the first one is still going on"


def test_other_applications_register_calls_of_their_own():
    tokens = {ACCESS_TOKEN: AccessToken(1), "other": AccessToken(1)}
    exchange = Exchange(access_tokens=tokens)
    other = exchange.portal.authenticate(None, "other")
    theirs = exchange.reply("externalCall.register", caller=other, **RING).body["result"]["CALL_ID"]
    assert exchange.ring() != theirs


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"USER_ID": None}, "USER_ID or USER_PHONE_INNER should be set"),
        ({"USER_ID": [12]}, "USER_ID or USER_PHONE_INNER should be set"),
        ({"USER_ID": 4711}, "User is not found or is not active"),
        ({"USER_ID": FORMER_USER}, "User is not found or is not active"),
        ({"TYPE": 6}, "Unknown TYPE"),
        ({"TYPE": None}, "Unknown TYPE"),
        ({"CALL_START_DATE": "soon"}, "CALL_START_DATE should be in the ISO-8601 format"),
        ({"PHONE_NUMBER": "nobody"}, "Unsupported phone number format"),
        ({"PHONE_NUMBER": None}, "Unsupported phone number format"),
    ],
)
def test_what_register_refuses(exchange, changed, text):
    assert exchange.error("register", **{**RING, **changed}) == core_error(text)


def test_users_have_internal_numbers(exchange):
    inner = {key: value for key, value in RING.items() if key != "USER_ID"}
    assert exchange("register", **inner, USER_PHONE_INNER="12")["CALL_ID"] == exchange.ring()


def test_the_card_is_shown_by_register_unless_told_otherwise(exchange):
    telephony = exchange.portal.telephony
    assert telephony.going_on(exchange.ring()).shown_to == [12]
    for number, hidden in enumerate((0, "0", False, "")):
        call_id = exchange.ring(EXTERNAL_CALL_ID=str(number), SHOW=hidden)
        assert telephony.going_on(call_id).shown_to == []
    shown = telephony.going_on(exchange.ring(TYPE=1, SHOW="1"))
    assert shown.shown_to == [12]
    assert exchange("hide", CALL_ID=shown.call_id) is True
    assert shown.shown_to == []
    assert exchange("show", CALL_ID=shown.call_id) is True
    assert exchange("show", CALL_ID=shown.call_id) is True
    assert shown.shown_to == [12], "the user it was registered for, once"


def test_cards_of_unknown_and_of_finished_calls(exchange):
    call_id = exchange.ring()
    exchange("finish", CALL_ID=call_id, USER_ID=12)
    for method in ("show", "hide"):
        assert exchange(method, CALL_ID=call_id) is False
        assert exchange(method, CALL_ID="externalCall.nope") is False
        assert exchange(method) is False


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"CALL_ID": "externalCall.nope", "USER_ID": 12}, core_error(UNKNOWN)),
        ({"CALL_ID": ["x"], "USER_ID": 12}, (400, "INVALID_ARGUMENT", "CALL_ID must be a string")),
        ({"USER_ID": 12}, (400, "INVALID_ARGUMENT", "CALL_ID must be a string")),
        ({"CALL_ID": "x"}, core_error("USER_ID or USER_PHONE_INNER should be set")),
        ({"CALL_ID": "x", "USER_ID": 4711}, core_error("User is not found or is not active")),
    ],
)
def test_what_finish_refuses(exchange, params, error):
    assert exchange.error("finish", **params) == error


def test_a_call_is_finished_once(exchange):
    call_id = exchange.ring()
    assert exchange("finish", CALL_ID=call_id, USER_ID=12)["CALL_FAILED_CODE"] == "304"
    assert exchange.error("finish", CALL_ID=call_id, USER_ID=12) == core_error(UNKNOWN)


@pytest.mark.parametrize(
    ("params", "code", "status"),
    [
        ({"DURATION": 5}, "200", 1),
        ({"DURATION": 0}, "304", 0),
        ({"DURATION": -5}, "304", 0),
        ({"DURATION": 5, "STATUS_CODE": "486"}, "486", 0),
        ({"STATUS_CODE": "200"}, "200", 1),
    ],
)
def test_how_a_call_ended(exchange, params, code, status):
    finished = exchange("finish", CALL_ID=exchange.ring(), USER_ID=12, **params)
    assert (finished["CALL_FAILED_CODE"], finished["CALL_STATUS"]) == (code, status)


def test_webhooks_may_not_register_and_finish_unless_they_are_let_in():
    exchange = Exchange()
    webhook = exchange.portal.webhook
    for method in ("externalCall.register", "externalCall.finish", "externalLine.get"):
        reply = exchange.reply(method, caller=webhook, **RING)
        assert (reply.status, reply.body["error"]) == (403, "WRONG_AUTH_TYPE")
    call_id = exchange.ring()
    assert exchange.reply("externalCall.show", caller=webhook, CALL_ID=call_id).body["result"] is True
    lenient = Exchange(telephony_webhooks=True)
    assert lenient.reply("externalCall.register", caller=lenient.portal.webhook, **RING).status == 200


def test_a_call_inside_one_batch_uses_the_answer_of_register(exchange):
    cmd = {
        "r": "telephony.externalcall.register?USER_ID=12&PHONE_NUMBER=%2B79001234567&TYPE=1&SHOW=0",
        "s": "telephony.externalcall.show?CALL_ID=$result[r][CALL_ID]",
        "f": "telephony.externalcall.finish?CALL_ID=$result[r][CALL_ID]&USER_ID=12&DURATION=7",
    }
    body = exchange.portal.call("batch", {"cmd": cmd}, caller=exchange.caller).body["result"]
    assert body["result"]["s"] is True
    assert body["result"]["f"]["CALL_ID"] == body["result"]["r"]["CALL_ID"]


def test_a_command_ahead_of_its_register_is_lost(exchange):
    cmd = {
        "f": "telephony.externalcall.finish?CALL_ID=$result[r][CALL_ID]&USER_ID=12",
        "r": "telephony.externalcall.register?USER_ID=12&PHONE_NUMBER=%2B79001234567&TYPE=1",
    }
    body = exchange.portal.call("batch", {"cmd": cmd}, caller=exchange.caller).body["result"]
    assert list(body["result_error"]) == ["f"]


def lead_phone(portal):
    """A lead that has a telephone number, and the number."""
    for row in portal.call("crm.lead.list", {"select": ["ID", "PHONE"]}).body["result"]:
        if row.get("PHONE"):
            return int(row["ID"]), row["PHONE"][0]["VALUE"]
    raise AssertionError("no lead has a number")


def test_a_known_number_belongs_to_its_lead_and_leaves_an_activity():
    exchange = Exchange()
    lead, phone = lead_phone(exchange.portal)
    known = exchange.portal.store.find_by_phone(phone)[0]
    registered = exchange("register", **{**RING, "PHONE_NUMBER": phone, "CRM_CREATE": 1})
    assert (registered["CRM_CREATED_LEAD"], registered["CRM_ENTITY_ID"]) == (None, known[1])
    finished = exchange("finish", CALL_ID=registered["CALL_ID"], USER_ID=15, DURATION=60)
    activity = exchange.portal.call("crm.activity.get", {"id": finished["CRM_ACTIVITY_ID"]}).body["result"]
    assert (activity["OWNER_TYPE_ID"], activity["OWNER_ID"]) == (str(known[0]), str(known[1]))
    assert (activity["TYPE_ID"], activity["PROVIDER_ID"]) == ("2", "VOXIMPLANT_CALL")
    assert (activity["RESPONSIBLE_ID"], activity["COMPLETED"]) == ("15", "Y")
    assert (activity["START_TIME"], activity["END_TIME"]) == (iso(int(NOW_S)), iso(int(NOW_S) + 60))
    assert lead > 0


def test_a_call_may_name_whom_it_belongs_to(exchange):
    registered = exchange("register", **RING, CRM_ENTITY_TYPE="CONTACT", CRM_ENTITY_ID="7")
    assert (registered["CRM_ENTITY_TYPE"], registered["CRM_ENTITY_ID"]) == ("CONTACT", 7)


def test_an_unknown_number_may_make_a_lead(exchange):
    registered = exchange("register", **RING, CRM_CREATE=1, CRM_SOURCE="WEB")
    lead = registered["CRM_CREATED_LEAD"]
    assert registered["CRM_CREATED_ENTITIES"] == [{"ENTITY_TYPE": "LEAD", "ENTITY_ID": lead}]
    assert (registered["CRM_ENTITY_TYPE"], registered["CRM_ENTITY_ID"]) == ("LEAD", lead)
    row = exchange.portal.call("crm.lead.get", {"id": lead}).body["result"]
    assert (row["SOURCE_ID"], row["ASSIGNED_BY_ID"], row["STATUS_ID"]) == ("WEB", "12", "NEW")
    assert row["PHONE"][0]["VALUE"] == "+79001234567"
    again = exchange("register", **RING, CRM_CREATE=1, EXTERNAL_CALL_ID="2")
    assert (again["CRM_CREATED_LEAD"], again["CRM_ENTITY_ID"]) == (None, lead)
    exchange("finish", CALL_ID=registered["CALL_ID"], USER_ID=15, DURATION=9)
    row = exchange.portal.call("crm.lead.get", {"id": lead}).body["result"]
    assert row["ASSIGNED_BY_ID"] == "15", "whoever finishes is responsible for a lead made for the call"


def test_a_line_may_keep_outgoing_calls_from_making_leads(exchange):
    assert exchange.reply("externalLine.add", NUMBER="3", NAME="Shop", CRM_AUTO_CREATE="N").status == 200
    assert exchange("register", **{**RING, "TYPE": 1}, CRM_CREATE=1)["CRM_CREATED_LEAD"] is None
    assert exchange("register", **RING, CRM_CREATE=1)["CRM_CREATED_LEAD"] is not None


def test_a_day_of_documented_calls_trips_the_operating_limit_of_finish():
    """341 calls of 1.41 s in ten minutes: the limit of 480 s is behind them."""
    exchange = Exchange(**{**TARIFFS["standard"], "burst": 10**6}, costs="documented", base_ns=0)
    statuses = []
    for number in range(350):
        call_id = exchange.ring(EXTERNAL_CALL_ID=str(number))
        statuses.append(exchange.reply("externalCall.finish", CALL_ID=call_id, USER_ID=12).status)
        exchange.clock.now_s += 600 / 358
    assert statuses == [200] * 341 + [429] * 9


def lines(exchange):
    return exchange.reply("externalLine.get").body["result"]


def test_lines_come_and_go(exchange):
    added = exchange.reply("externalLine.add", NUMBER="14151234567", NAME="Support").body["result"]
    assert added == {"ID": 1}
    assert lines(exchange) == [{"NUMBER": "14151234567", "NAME": "Support", "CRM_AUTO_CREATE": "Y"}]
    exchange.reply("externalLine.update", NUMBER="14151234567", NAME="Sales", CRM_AUTO_CREATE="N")
    assert lines(exchange) == [{"NUMBER": "14151234567", "NAME": "Sales", "CRM_AUTO_CREATE": "N"}]
    assert exchange.reply("externalLine.delete", NUMBER="14151234567").body["result"] == []
    assert lines(exchange) == []


@pytest.mark.parametrize(
    ("method", "number", "text"),
    [
        ("add", "", "NUMBER should not be empty"),
        ("add", "1", "Line already exists"),
        ("delete", "2", "Could not find line with number 2"),
        ("update", "2", "Could not find line with number 2"),
        ("delete", "", "NUMBER should not be empty"),
    ],
)
def test_what_lines_refuse(exchange, method, number, text):
    exchange.reply("externalLine.add", NUMBER="1")
    reply = exchange.reply(f"externalLine.{method}", NUMBER=number)
    assert (reply.status, reply.body["error_description"]) == (400, text)


def test_crm_is_searched_by_telephone_number():
    exchange = Exchange()
    _, phone = lead_phone(exchange.portal)
    found = exchange("searchCrmEntities", PHONE_NUMBER=phone)
    kind, identity = exchange.portal.store.find_by_phone(phone)[0]
    assert found[0]["CRM_ENTITY_ID"] == identity
    assert found[0]["CRM_ENTITY_TYPE"] == {1: "LEAD", 3: "CONTACT", 4: "COMPANY"}[kind]
    assert found[0]["ASSIGNED_BY"]["ID"] == str(found[0]["ASSIGNED_BY_ID"])
    assert found[0]["NAME"]
    assert exchange("searchCrmEntities", PHONE_NUMBER="+10000000000") == []
    assert exchange.error("searchCrmEntities") == core_error("PHONE_NUMBER is empty")
