"""The scenarios' small client around aiohttp."""

import asyncio
import importlib.util
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from perfkit.sim import run

PATH = Path(__file__).parent.parent.parent / "scenarios" / "_portal.py"
spec = importlib.util.spec_from_file_location("portal_under_test", PATH)
portal = importlib.util.module_from_spec(spec)
spec.loader.exec_module(portal)


def test_commands_are_php_queries():
    command = portal.command("crm.lead.list", {"filter": {">ID": 5, "X": ["a b", "c"]}, "start": 50})
    method, _, query = command.partition("?")
    assert method == "crm.lead.list"
    assert parse_qsl(query) == [
        ("filter[>ID]", "5"),
        ("filter[X][0]", "a b"),
        ("filter[X][1]", "c"),
        ("start", "50"),
    ]


@pytest.mark.parametrize(("requests", "seconds"), [(48, 0.0), (49, 0.5), (50, 1.0), (148, 50.0)])
def test_the_throttle_lets_a_burst_pass_and_then_two_a_second(requests, seconds):
    async def main():
        throttle = portal.Throttle(50, 2.0)
        for _ in range(requests):
            await throttle.wait()
        return asyncio.get_running_loop().time()

    assert run(main) == pytest.approx(seconds)


def test_the_throttle_is_right_for_callers_at_once_and_fills_again():
    async def main():
        loop, throttle = asyncio.get_running_loop(), portal.Throttle(50, 2.0)
        await asyncio.gather(*(throttle.wait() for _ in range(68)))
        first = loop.time()
        await asyncio.sleep(60)
        await asyncio.gather(*(throttle.wait() for _ in range(48)))
        return first, loop.time()

    assert run(main) == pytest.approx((10.0, 70.0))
