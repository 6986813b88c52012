"""Strict mode: what a real portal keeps to itself."""

import pytest

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.strict import header, remarks
from tests.worlds.bitrix24.helpers import make_portal

pytestmark = pytest.mark.once


WRONG = {"filter": {"NAM": "x"}, "select": ["ID"]}


def test_it_is_off_unless_asked_for():
    portal = make_portal()
    assert portal.call("crm.lead.list", WRONG).notes == ()
    assert portal.stats()["remarks"] == 0


def test_it_tells():
    portal = make_portal(strict="tell")
    reply = portal.call("crm.lead.list", WRONG)
    assert reply.status == 200
    assert any("NAM" in note for note in reply.notes)
    assert portal.journal[-1].notes == reply.notes
    assert portal.call("batch", {"cmd": ["crm.lead.list?filter[NAM]=x"]}).notes
    assert portal.stats()["remarks"] >= 2
    assert portal.call("crm.lead.list", {"filter": {"TITLE": "x"}, "select": ["ID"]}).notes == ()


def test_it_refuses():
    portal = make_portal(strict="error")
    reply = portal.call("crm.lead.list", WRONG)
    assert (reply.status, reply.body["error"]) == (400, "PERFKIT_STRICT")
    assert "NAM" in reply.body["error_description"]
    batch = portal.call("batch", {"cmd": {"a": "crm.lead.list?filter[NAM]=x", "b": "profile"}})
    refused = batch.body["result"]["result_error"]["a"]
    assert refused["error"] == "PERFKIT_STRICT"
    assert portal.call("crm.lead.get", {"ID": 1}).status == 200


def test_an_unknown_mode():
    with pytest.raises(WorldError, match="strict must be 'off' or 'tell' or 'error', not 'yes'"):
        make_portal(strict="yes")


def test_each_dropped_key_is_told_once():
    told = remarks(Answer([], dropped=("A", "B"), notes=("filter key 'A' is unknown",)))
    assert len(told) == 2
    assert told[1].startswith("filter key 'B'")


def test_the_header_can_be_sent():
    line = header(("ключ\r\nX: y", "b" * 1000, *["c"] * 20))
    assert line.isascii()
    assert "\n" not in line
    assert line.count("; ") == 9
    assert len(line) < 400
