"""The admin API, as its requests come from a front."""

import asyncio
import json

import aiohttp
import pytest

from perfkit.worlds.bitrix24.admin import Admin
from perfkit.worlds.bitrix24.config import WEBHOOK_PATH
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.faults import Fault
from perfkit.worlds.bitrix24.server import FRONTS, serve
from tests.worlds.bitrix24.helpers import make_portal

pytestmark = pytest.mark.once


class Control:
    """An admin, asked without HTTP."""

    def __init__(self, **options):
        self.portal = make_portal(leads=20, **options)
        self.admin = Admin(self.portal)

    def ask(self, verb, name, *, query="", body=None):
        raw = b"" if body is None else json.dumps(body).encode()
        answer = self.admin.handle(verb, f"/_perfkit/{name}", query, raw)
        return answer.status, json.loads(answer.body)


def test_stats_and_reset():
    control = Control()
    control.portal.call("crm.lead.get", {"ID": 1})
    status, stats = control.ask("GET", "stats")
    assert (status, stats["requests"], stats["journal_rows"], stats["seed"]) == (200, 1, 1, 1)
    assert stats["now"] == "2026-01-01T03:00:00+03:00"
    status, stats = control.ask("POST", "reset", query="seed=7")
    assert (status, stats["requests"], stats["journal_rows"], stats["seed"]) == (200, 0, 0, 7)
    assert control.ask("POST", "reset/")[1]["seed"] == 7
    assert control.portal.call("crm.lead.get", {"ID": 1}).status == 200


def test_the_journal():
    control = Control(journal_params=True)
    for _ in range(3):
        control.portal.call("profile", {})
    lines = control.admin.handle("GET", "/_perfkit/journal", "since=1", b"").body.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["number"], row["method"], row["status"]) for row in rows] == [
        (2, "profile", 200),
        (3, "profile", 200),
    ]
    assert "params" not in rows[0]


def test_faults():
    control = Control(faults=(Fault("503", count=1),))
    control.portal.call("profile", {})
    (rule,) = control.ask("GET", "faults")[1]
    assert (rule["effect"], rule["hits"], rule["window"]) == ("503", 1, [0.0, None])
    status, rules = control.ask("PUT", "faults", body=["500:profile,count=2", {"effect": "drop"}])
    assert (status, [each["effect"] for each in rules]) == (200, ["500", "drop"])
    assert control.portal.call("profile", {}).status == 500
    assert control.ask("PUT", "faults", body=rules)[0] == 200, "what was shown can be sent back"
    assert control.ask("DELETE", "faults") == (200, [])
    assert control.portal.call("profile", {}).status == 200


def test_the_clock_forgives_the_limits():
    control = Control(burst=1, operating="nested", operating_limit_s=1.0, base_ns=2_000_000_000)
    statuses = [control.portal.call("profile", {}).status for _ in range(2)]
    assert control.ask("POST", "clock", body={"advance_s": 1})[1]["clock_shift_s"] == 1
    statuses.append(control.portal.call("profile", {}).status)
    control.ask("POST", "clock", body={"advance_s": 600})
    statuses.append(control.portal.call("profile", {}).status)
    assert statuses == [200, 503, 429, 200]
    stats = control.ask("POST", "clock", body={"now_s": 1_800_000_000})[1]
    assert stats["now"] == "2027-01-15T11:00:00+03:00"


def test_a_body_nested_too_deeply_is_a_mistake():
    for name, verb in (("faults", "PUT"), ("clock", "POST")):
        assert Control().admin.handle(verb, f"/_perfkit/{name}", "", b"[" * 100_000).status == 400


@pytest.mark.parametrize(
    ("verb", "name", "options", "status", "words"),
    [
        ("GET", "stast", {}, 404, "Did you mean 'stats'"),
        ("POST", "stats", {}, 405, "/_perfkit/stats knows GET, not POST"),
        ("GET", "journal", {"query": "since=yesterday"}, 400, "since='yesterday' is no whole number"),
        ("PUT", "faults", {"body": "503"}, 400, "a JSON list of faults"),
        ("PUT", "faults", {}, 400, ""),
        ("PUT", "faults", {"body": ["rezet"]}, 400, "Did you mean 'reset'"),
        ("POST", "clock", {"body": {"advance": 5}}, 400, "advance_s"),
        ("POST", "clock", {"body": {"advance_s": "5"}}, 400, "give a number of seconds"),
        ("POST", "clock", {"body": {"advance_s": -5}}, 400, "cannot go back"),
        ("POST", "clock", {"body": {"now_s": 5}}, 400, "cannot go back"),
        ("POST", "reset", {"query": "seed=x"}, 400, "seed='x'"),
        ("POST", "reset", {"query": "seed=" + "9" * 5000}, 400, "seed='9999"),
        ("GET", "journal", {"query": f"since={2**63}"}, 400, "at most 18 digits"),
        ("GET", "nonsense", {}, 404, "Known: clock, faults, journal, reset, stats"),
    ],
)
def test_mistakes(verb, name, options, status, words):
    got, answer = Control().ask(verb, name, **options)
    assert got == status
    assert words in answer["error"]


@pytest.mark.parametrize("front", FRONTS)
def test_over_http(front):
    async def scenario():
        portal = make_portal(leads=20)
        async with (
            serve(Desk(portal, admin=Admin(portal)), front=front) as server,
            aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as session,
        ):
            async with session.put("/_perfkit/faults", json=["503:profile"]) as answer:
                assert (answer.status, answer.content_type) == (200, "application/json")
            async with session.get(f"{WEBHOOK_PATH}profile") as answer:
                assert answer.status == 503
            async with session.get("/_perfkit/journal?since=0") as answer:
                assert answer.content_type == "application/x-ndjson"
                assert json.loads(await answer.text())["status"] == 503
            async with session.post("/_perfkit/clock", data=b'{"advance_s": 60}') as answer:
                return (await answer.json())["clock_shift_s"]

    assert asyncio.run(scenario()) == 60


def test_stats_know_the_workers_of_the_desk():
    control = Control(workers=2)
    assert "busy" not in control.ask("GET", "stats")[1]
    desk = Desk(control.portal, admin=control.admin)
    for _ in range(3):
        desk.workers.take(lambda: None)
    stats = control.ask("GET", "stats")[1]
    assert (stats["busy"], stats["waiting"]) == (2, 1)
