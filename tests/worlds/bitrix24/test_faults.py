"""Fault rules: which requests they hit, as objects and as text."""

import math

import pytest

from perfkit.errors import UsageError
from perfkit.worlds.bitrix24.fault_text import fault_of, parse_fault
from perfkit.worlds.bitrix24.faults import EFFECTS, Fault, Faults
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


def hits(faults, requests=10, method="crm.lead.get", at_s=0.0):
    """The effects of the next requests; "" for none."""
    found = [faults.of_request(method, at_s) for _ in range(requests)]
    return [fault.effect if fault else "" for fault in found]


def test_the_first_that_matches_decides():
    faults = Faults([Fault("503", "crm.lead.*", count=2), Fault("500", "crm.*"), Fault("drop")])
    assert hits(faults, 3) == ["503", "503", "500"]
    assert hits(faults, 1, "CRM.Deal.get") == ["500"]
    assert hits(faults, 1, "profile") == ["drop"]
    assert (faults.hits, faults.arrived) == ([2, 2, 1], 5)


def test_spared_and_counted():
    assert hits(Faults([Fault("503", after=2, count=3)]), 7) == ["", "", "503", "503", "503", "", ""]


def test_a_window():
    faults = Faults([Fault("503", window=(10, 20))])
    assert [hits(faults, 1, at_s=at_s)[0] for at_s in (9.9, 10, 19.9, 20)] == ["", "503", "503", ""]


def test_a_share_is_the_same_for_the_same_seed():
    def drawn(seed, share=0.3):
        return hits(Faults([Fault("503", probability=share)], seed), 1000)

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert 250 < drawn(1).count("503") < 350
    assert drawn(1, 0.0).count("503") == 0


def test_other_rules_count_requests_on():
    faults = Faults([Fault("503", count=1)])
    hits(faults, 3)
    faults.replace([Fault("500", after=1)])
    assert hits(faults, 2) == ["", "500"]
    assert faults.arrived == 5


def test_rules_for_commands_leave_requests_alone():
    portal = make_portal(leads=20, faults=(Fault("503", command="crm.lead.get", after=1, count=1),))
    assert portal.call("crm.lead.get", {"ID": 1}).status == 200
    batch = portal.call("batch", {"cmd": {name: f"crm.lead.get?ID={name}" for name in "234"}})
    result = batch.body["result"]
    assert sorted(result["result"]) == ["2", "4"]
    assert result["result_error"]["3"]["error"] == "QUERY_LIMIT_EXCEEDED"
    assert [row.status for row in portal.journal] == [200, 200, 200, 503, 200]


def test_a_slow_request_and_a_slow_command():
    rules = (Fault("slow", "profile", factor=3, extra_ns=5), Fault("slow", command="profile", extra_ns=100))
    portal = make_portal(leads=20, base_ns=10, command_ns=100, row_ns=0, faults=rules)
    assert portal.call("profile", {}).cost_ns == 3 * 110 + 5
    assert portal.journal[-1].cost_ns == 335
    assert portal.call("batch", {"cmd": ["profile", "profile"]}).cost_ns == 10 + 2 * 200


def test_windows_count_from_the_start_of_the_portal():
    clock = Clock()
    portal = make_portal(leads=20, clock=clock, faults=(Fault("500", window=(60, 120)),))
    statuses = []
    for _ in range(4):
        statuses.append(portal.call("profile", {}).status)
        clock.now_s += 40
    assert statuses == [200, 200, 500, 200]


def test_a_request_refused_by_the_limit_keeps_no_fault():
    portal = make_portal(leads=20, burst=1, faults=(Fault("slow", extra_ns=10**9),))
    assert [portal.call("profile", {}).status for _ in range(3)] == [200, 503, 503]
    assert not portal._late


def test_reset_begins_anew():
    portal = make_portal(leads=20, faults=(Fault("500", count=1),))
    statuses = [portal.call("profile", {}).status for _ in range(2)]
    portal.reset()
    statuses += [portal.call("profile", {}).status for _ in range(2)]
    assert statuses == [500, 200, 500, 200]
    assert portal.stats()["requests"] == 2


# What makes no sense


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"effect": "502"}, "no fault named '502'"),
        ({"effect": "503", "probability": 2}, "from 0 to 1"),
        ({"effect": "503", "count": 0}, "count=0"),
        ({"effect": "503", "after": -1}, "after=-1"),
        ({"effect": "503", "window": (5, 5)}, "must end after it begins"),
        (
            {"effect": "drop", "command": "crm.*"},
            "cannot happen to a command: only 503, 429, 500, overload, slow",
        ),
        ({"effect": "slow"}, "needs its factor or its extra time"),
        ({"effect": "503", "factor": 2}, "no other has them"),
        ({"effect": "slow", "factor": -1}, "neither can be negative"),
        ({"effect": "slow", "factor": math.nan}, "neither can be negative"),
        ({"effect": "slow", "factor": 1e308}, "is the most"),
        ({"effect": "slow", "extra_ns": 10**20}, "is the most"),
    ],
)
def test_mistakes(options, words):
    with pytest.raises(UsageError, match=words):
        Fault(**options)


# As text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        *((effect, Fault(effect)) for effect in EFFECTS if effect != "slow"),
        ("503:crm.lead.list,p=0.1,count=5", Fault("503", "crm.lead.list", 0.1, 5)),
        ("reset, share=0.5, after=3", Fault("reset", probability=0.5, after=3)),
        ("429,command=crm.*,from=10s,until=2min", Fault("429", command="crm.*", window=(10, 120))),
        ("slow:batch,factor=2.5,time=200ms", Fault("slow", "batch", factor=2.5, extra_ns=200_000_000)),
        ("html,from=1h", Fault("html", window=(3600, math.inf))),
    ],
)
def test_texts(text, fault):
    assert parse_fault(text) == fault
    assert fault_of(text) == fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no fault named ''"),
        ("rezet", "Did you mean 'reset'"),
        ("503,cuont=5", "Did you mean 'count'"),
        ("503,count=five", "'count=five': 'five' is none; write a whole number"),
        ("503,p=often", "write a number such as 0.1"),
        ("503,from=10", "write a time such as 10s"),
        ("slow,time=-1s", "write a time such as 200ms"),
        ("503,p=7", "from 0 to 1"),
    ],
)
def test_texts_that_are_none(text, words):
    with pytest.raises(UsageError, match=words):
        parse_fault(text)


def test_objects():
    given = {"effect": "503", "method": "crm.*", "window": [5, None], "hits": 3}
    assert fault_of(given) == Fault("503", "crm.*", window=(5, math.inf))
    for wrong, words in [
        ({"method": "crm.*"}, "effect"),
        ({"effect": "503", "cuont": 1}, "Did you mean 'count'"),
        ({"effect": "503", "window": 5}, "window=5"),
        ({"effect": "503", "probability": "often"}, "Expected `float`, got `str`"),
        ({"effect": "503", "method": 5}, "Expected `str`, got `int`"),
        ({"effect": "503", "count": True}, "got `bool`"),
        ({"effect": ["503"]}, "Expected `str`, got `array`"),
        ({"effect": "503", "window": [5, "ten"]}, "no fault"),
        (5, "5 is no fault"),
    ]:
        with pytest.raises(UsageError, match=words):
            fault_of(wrong)
