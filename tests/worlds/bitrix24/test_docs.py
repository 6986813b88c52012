"""docs/bitrix24.md: its lines do what it says."""

import asyncio
import re
import shlex
from pathlib import Path

import aiohttp
import pytest

from perfkit.worlds.bitrix24.admin import Admin
from perfkit.worlds.bitrix24.desk import Desk
from perfkit.worlds.bitrix24.fault_text import parse_fault
from perfkit.worlds.bitrix24.faults import EFFECTS
from perfkit.worlds.bitrix24.server import serve
from tests.worlds.bitrix24.helpers import make_portal

pytestmark = pytest.mark.once


PAGE = (Path(__file__).parents[3] / "docs" / "bitrix24.md").read_text()
LINES = [line for line in PAGE.splitlines() if line.startswith("curl ")]


def request_of(line):
    """Verb, URL, body and what the answer holds."""
    command, _, part = line.partition("  # ")
    words = shlex.split(command)[1:]
    options = {"-X": "GET", "-d": None}
    while len(words) > 1:
        name = words.pop(0)
        if name != "-s":
            options[name] = words.pop(0)
    return options["-X"], words[0], options["-d"], part.strip()


def test_the_admin_api():
    assert len(LINES) == 9

    async def scenario():
        portal = make_portal(leads=20)
        desk = Desk(portal, admin=Admin(portal))
        async with serve(desk) as server, aiohttp.ClientSession() as session:
            for line in LINES:
                verb, url, body, part = request_of(line)
                here = url.replace("127.0.0.1:8024", f"127.0.0.1:{server.port}")
                async with session.request(verb, here, data=body) as answer:
                    assert part in await answer.text(), line

    asyncio.run(scenario())


def test_all_effects_are_told():
    for effect in EFFECTS:
        assert f"`{effect}`" in PAGE


def test_rules_can_be_read():
    rules = re.findall(r'"(\w+:[a-z.*]+,[^"]+)"', PAGE)
    assert [parse_fault(rule).effect for rule in rules] == ["503", "503"]
