"""Answers that are written down and given again."""

import io
import json

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24.config import PortalConfig
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.faults import Fault
from perfkit.worlds.bitrix24.reading import read_call, read_path
from perfkit.worlds.bitrix24.replay import Recorder, ReplayingPortal, read_recorded
from tests.worlds.bitrix24.helpers import Clock, make_portal

pytestmark = pytest.mark.once


TOKEN = "perfkitdemotoken"


def ask(desk, method, params, token=TOKEN):
    where = read_path(f"/rest/1/{token}/{method}")
    refusal = desk.refuse(where, "10.0.0.1")
    body = json.dumps(params).encode()
    call = read_call("POST", where, "", body, "application/json")
    return refusal or desk.run(call, "10.0.0.1", desk.number, 0.0)


def recorded(calls, **options):
    """The lines that recording ``calls`` gives, and the replies."""
    file = io.BytesIO()
    desk = Desk(make_portal(leads=20, **options), recorder=Recorder(file))
    replies = [ask(desk, method, params) for method, params in calls]
    return file.getvalue().splitlines(), replies


def replaying(lines, **options):
    config = PortalConfig(**{"leads": 1, "burst": None, **options})
    return Desk(ReplayingPortal(config, read_recorded(lines, "recorded.jsonl"), clock_s=Clock()))


CALLS = [
    ("crm.lead.get", {"ID": 7}),
    ("crm.lead.get", {"ID": 999}),
    ("crm.lead.list", {"filter": {">ID": 5}, "select": ["ID", "TITLE"]}),
    ("batch", {"cmd": {"a": "crm.lead.get?ID=3"}}),
    ("crm.nope", {}),
]


def test_what_was_answered_is_answered_again():
    lines, replies = recorded(CALLS)
    desk = replaying(lines)
    for (method, params), before in zip(CALLS, replies, strict=True):
        again = ask(desk, method, params)
        assert (again.status, again.body, again.cost_ns) == (before.status, before.body, before.cost_ns)
    assert [row.status for row in desk.portal.journal] == [200, 400, 200, 200, 404]


def test_the_order_of_parameters_does_not_matter():
    lines, _ = recorded([("crm.lead.list", {"select": ["ID"], "filter": {"ID": 1}})])
    assert ask(replaying(lines), "CRM.lead.LIST", {"filter": {"ID": 1}, "select": ["ID"]}).status == 200


def test_answers_come_in_their_order_and_the_last_one_stays():
    lines, replies = recorded([("crm.lead.get", {"ID": 1}), ("crm.lead.get", {"ID": 1})])
    second = json.loads(lines[1]) | {"body": {"result": "changed"}}
    desk = replaying([lines[0], json.dumps(second).encode()])
    answers = [ask(desk, "crm.lead.get", {"ID": 1}).body["result"] for _ in range(3)]
    assert answers == [replies[0].body["result"], "changed", "changed"]
    desk.portal.reset()
    assert ask(desk, "crm.lead.get", {"ID": 1}).body == replies[0].body


def test_what_was_not_recorded_is_named():
    lines, _ = recorded(CALLS)
    reply = ask(replaying(lines), "crm.lead.get", {"ID": 8})
    assert (reply.status, reply.body["error"]) == (404, "PERFKIT_NOT_RECORDED")
    assert reply.body["error_description"].startswith('crm.lead.get with {"ID":8} was not recorded')


def test_tokens_are_hidden_and_may_be_others():
    calls = [
        ("batch", {"cmd": {"a": f"crm.lead.get?ID=3&auth={TOKEN}"}}),
        ("crm.lead.get", {"ID": 1, "auth": "other-secret", "note": f"see {TOKEN}"}),
    ]
    lines, _ = recorded(calls)
    whole = b"\n".join(lines).decode()
    assert TOKEN not in whole
    assert "other-secret" not in whole
    assert ask(replaying(lines), "batch", {"cmd": {"a": "crm.lead.get?ID=3&auth=another"}}).status == 200
    assert ask(replaying(lines), "crm.lead.get", {"ID": 1}, token="wrong").status == 401


def test_pages_and_faults():
    lines, _ = recorded([("profile", {})], command_ns=10**11, request_cap_s=60)
    reply = ask(replaying(lines), "profile", {})
    assert (reply.status, reply.cost_ns, reply.content_type) == (504, 60 * 10**9, "text/html")
    assert b"504 Gateway Time-out" in reply.raw
    lines, _ = recorded([("profile", {})] * 2, faults=(Fault("cut", count=1),))
    assert len(lines) == 1, "an answer that was cut off is not recorded"
    limited = replaying(lines, faults=(Fault("500", count=1),), burst=1)
    assert [ask(limited, "profile", {}).status for _ in range(3)] == [500, 200, 503]


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"method": 5}', b"\xff"])
def test_files_that_are_none(line):
    good = b'{"method":"profile","params":{},"status":200,"cost_ns":0}'
    with pytest.raises(WorldError, match=r"recorded\.jsonl, line 3, is no recorded answer"):
        read_recorded([good, b"", line], "recorded.jsonl")
