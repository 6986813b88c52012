"""What commands cost, and what follows: slowdowns, billing, blocked methods, requests that take too long."""

import pytest

from perfkit.worlds.bitrix24.config import ACCESS_TOKEN, TARIFFS, AccessToken
from perfkit.worlds.bitrix24.costs import DOCUMENTED_NS
from perfkit.worlds.bitrix24.methods import METHODS
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


NOW_S = 1_767_225_600.0
FREE = {"base_ns": 0, "row_ns": 0, "count_row_ns": 0}
BLOCKED = {
    "error": "OPERATION_TIME_LIMIT",
    "error_description": "Method is blocked due to operation time limit.",
}


def cloud(clock=None, **options):
    return make_portal(clock=clock, **{**TARIFFS["standard"], "burst": 10**6, **FREE, **options})


def test_documented_costs_are_those_of_the_samples():
    portal = cloud(costs="documented")
    application = portal.authenticate(None, ACCESS_TOKEN)
    reply = portal.call(
        "telephony.externalcall.register",
        {"USER_ID": 1, "PHONE_NUMBER": "+79001234567", "TYPE": 2},
        caller=application,
    )
    assert reply.cost_ns == 1_120_000_000
    assert (reply.body["time"]["duration"], reply.body["time"]["operating"]) == (1.12, 0.22)
    assert portal.call("method.get", {}).cost_ns == 41_000_000
    assert portal.call("crm.category.list", {"entityTypeId": 2}).cost_ns == 1_500_000, "as for all"


def test_documented_costs_are_of_methods_that_exist():
    assert set(DOCUMENTED_NS) <= set(METHODS)
    assert all(duration_ns >= operating_ns >= 0 for duration_ns, operating_ns in DOCUMENTED_NS.values())


def test_a_method_may_have_a_cost_of_its_own():
    portal = cloud(costs="documented", method_ns={"user.get": 7, "profile": 9})
    assert portal.call("user.get", {}).cost_ns == 7
    assert portal.call("profile", {}).cost_ns == 9


def test_an_accident_makes_commands_slower_while_it_lasts():
    clock = Clock(NOW_S)
    portal = cloud(clock, command_ns=200_000_000, base_ns=100_000_000, slowdowns=((60, 120, 10.0),))
    costs_ns = []
    for second in (0, 59.75, 60, 119.75, 120):
        clock.now_s = NOW_S + second
        costs_ns.append(portal.call("profile", {}).cost_ns)
    assert costs_ns == [300_000_000, 300_000_000, 2_100_000_000, 2_100_000_000, 300_000_000]


def test_slowdowns_multiply_and_count_from_the_epoch():
    clock = Clock(NOW_S)
    slow = ((0, 10, 2.0), (5, 10, 3.0))
    portal = cloud(clock, command_ns=1000, slowdowns=slow, epoch_s=NOW_S - 5)
    assert portal.call("profile", {}).cost_ns == 6000
    clock.now_s += 5
    assert portal.call("profile", {}).cost_ns == 1000


def test_each_command_of_a_batch_counts_by_its_own_start():
    portal = make_portal(**FREE, command_ns=1_000_000_000, slowdowns=((2.0, 60.0, 10.0),))
    body = portal.call("batch", {"cmd": ["profile"] * 4}).body
    assert [timing["duration"] for timing in body["result"]["result_time"]] == [1.0, 1.0, 10.0, 10.0]
    assert body["time"]["duration"] == 22.0
    starts = [timing["start"] - NOW_S for timing in body["result"]["result_time"]]
    assert starts == [0.0, 1.0, 2.0, 12.0]


def test_failed_commands_are_slower_too():
    portal = make_portal(**FREE, command_ns=1000, slowdowns=((0, 60, 10.0),))
    assert portal.call("crm.lead.get", {"ID": 99_999}).cost_ns == 10_000


def test_a_spread_is_drawn_by_method_and_number():
    def costs_ns(seed, *methods):
        portal = make_portal(**FREE, command_ns=1_000_000, sigma=0.5, seed=seed)
        return [portal.call(method, {}).cost_ns for method in methods]

    alone = costs_ns(1, "profile", "profile")
    mixed = costs_ns(1, "profile", "crm.lead.fields", "profile")
    assert alone == [mixed[0], mixed[2]]
    assert len({*mixed, *costs_ns(2, "profile")}) == 4
    assert alone == [1_737_579, 485_762]


def test_a_spread_has_the_median_that_is_set():
    portal = make_portal(**FREE, command_ns=1_000_000, sigma=0.5)
    costs_ns = sorted(portal.call("profile", {}).cost_ns for _ in range(2001))
    assert costs_ns[1000] == pytest.approx(1_000_000, rel=0.05)
    assert costs_ns[1980] == pytest.approx(3_200_000, rel=0.15)


def test_a_method_is_blocked_above_the_limit_and_free_again_after_ten_minutes():
    clock = Clock(NOW_S)
    portal = cloud(clock, command_ns=20_000_000_000)
    statuses = []
    for _ in range(26):
        statuses.append(portal.call("profile", {}).status)
        clock.now_s += 20
    assert statuses == [200] * 25 + [429]
    refusal = portal.call("profile", {})
    assert (refusal.status, refusal.body, refusal.cost_ns) == (429, BLOCKED, 0)
    assert portal.call("crm.lead.fields", {}).status == 200, "only that method"
    assert portal.call("profile", {}, caller=portal.authenticate(None, ACCESS_TOKEN)).status == 200
    assert portal.stats()["blocked"] == 2
    clock.now_s = NOW_S + 600
    assert portal.call("profile", {}).status == 200


def test_the_limit_is_looked_at_after_method_auth_and_permission():
    tokens = {"t": AccessToken(1, frozenset({"crm"}))}
    portal = cloud(command_ns=500_000_000_000, access_tokens=tokens, request_cap_s=None)
    reader = portal.authenticate(None, "t")
    assert portal.call("crm.lead.fields", {}, caller=reader).status == 200
    assert portal.call("crm.lead.fields", {}, caller=reader).status == 429
    assert portal.call("disk.file.get", {}, caller=reader).status == 403
    assert portal.call("crm.lead.fields", {}, caller=portal.authenticate(None, "x")).status == 401
    assert portal.call("crm.nope", {}, caller=reader).status == 404


def test_inside_a_batch_the_limit_is_an_error_of_the_command():
    portal = cloud(command_ns=1_000_000_000, operating_limit_s=2.0)
    body = portal.call("batch", {"cmd": ["profile"] * 5 + ["crm.lead.fields"]}).body
    assert list(body["result"]["result"]) == ["0", "1", "2", "5"]
    assert body["result"]["result_error"] == {"3": BLOCKED, "4": BLOCKED}
    assert body["time"]["operating"] == 0, "a batch is not billed"
    assert [timing["operating"] for timing in body["result"]["result_time"].values()] == [1.0, 2.0, 3.0, 1.0]


def test_a_batch_may_be_billed_instead_of_its_commands():
    portal = cloud(command_ns=1_000_000_000, operating_limit_s=2.0, operating="batch")
    body = portal.call("batch", {"cmd": ["profile"] * 3}).body
    assert [timing["operating"] for timing in body["result"]["result_time"]] == [0, 0, 0]
    assert body["time"]["operating"] == 3.0
    assert portal.call("batch", {"cmd": ["profile"]}).body == BLOCKED
    assert portal.call("profile", {}).status == 200


def test_without_billing_there_is_no_limit_and_nothing_is_shown():
    portal = make_portal(**FREE, command_ns=500_000_000_000)
    replies = [portal.call("profile", {}) for _ in range(3)]
    assert [reply.status for reply in replies] == [200] * 3
    assert "operating" not in replies[0].body["time"]
    assert "operating_reset_at" not in replies[0].body["time"]


def test_a_request_that_takes_too_long_ends_with_a_page():
    portal = cloud(command_ns=25_000_000_000)
    reply = portal.call("batch", {"cmd": ["profile"] * 5})
    assert (reply.status, reply.cost_ns, reply.content_type) == (504, 60_000_000_000, "text/html")
    assert b"504 Gateway Time-out" in reply.raw
    methods = [(row.method, row.status) for row in portal.journal]
    assert methods == [("batch", 504), *[("profile", 200)] * 3], "the fourth was never begun"
    assert portal.call("batch", {"cmd": ["profile"] * 2}).status == 200


def test_a_single_call_may_take_too_long_and_is_done_all_the_same():
    portal = cloud(method_ns={"telephony.externalcall.register": 61_000_000_000})
    application = portal.authenticate(None, ACCESS_TOKEN)
    call = {"USER_ID": 1, "PHONE_NUMBER": "+79001234567", "TYPE": 1}
    assert portal.call("telephony.externalcall.register", call, caller=application).status == 504
    key = (application.credential, "+79001234567", "1", "1", "", "")
    assert portal.telephony.repeated(key, NOW_S) is not None


def test_a_call_that_fails_too_late_is_cut_off_too():
    portal = cloud(command_ns=61_000_000_000)
    assert portal.call("crm.lead.get", {"ID": 99_999}).status == 504


@pytest.mark.parametrize("operating", ["nested", "batch"])
def test_what_was_cut_off_is_billed_as_far_as_it_got(operating):
    portal = cloud(command_ns=25_000_000_000, operating=operating, operating_limit_s=60.0)
    assert portal.call("batch", {"cmd": ["profile"] * 5}).status == 504
    assert portal.call("batch", {"cmd": ["profile"]}).status == 200, "60 s are not above 60 s"
    reply = portal.call("batch", {"cmd": ["profile"]})
    if operating == "nested":
        assert reply.body["result"]["result_error"] == [BLOCKED]
    else:
        assert reply.body == BLOCKED


@pytest.mark.parametrize("commands", [24, 25])
def test_an_accident_and_the_cap_allow_batches_of_24(commands):
    """2.4 s a command and 0.1 s a request: 100-s batches of 50 cannot be had in the cloud."""
    portal = cloud(base_ns=100_000_000, command_ns=200_000_000, slowdowns=((0, 600, 12.0),))
    status = portal.call("batch", {"cmd": ["profile"] * commands}).status
    assert status == (200 if commands == 24 else 504)


def test_an_own_server_lets_requests_take_as_long_as_they_do():
    portal = make_portal(**FREE, command_ns=2_000_000_000)
    assert portal.call("batch", {"cmd": ["profile"] * 50}).cost_ns == 100_000_000_000
