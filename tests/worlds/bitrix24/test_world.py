"""The portal as a world."""

import asyncio
import ssl

import aiohttp
import pytest

from perfkit.errors import UsageError, WorldError
from perfkit.model import HostFacts
from perfkit.sim import Network, run
from perfkit.worlds import Bitrix24
from perfkit.worlds.bitrix24.faults import Fault


def in_virtual_time(world, client, size=20):
    """What ``client(session, access)`` returns, and the world's counters."""
    network = Network()

    async def scenario():
        async with world.start(size, 1, network) as running:
            access = world.access(running.addresses, size, 1, "virtual")
            async with aiohttp.ClientSession() as session:
                return await client(session, access), running.counters()

    return run(scenario, network=network)


def test_tariffs():
    own, cloud, large = Bitrix24(), Bitrix24(cloud=True), Bitrix24(tariff="enterprise")
    assert own.facts("h") == HostFacts("h", 200_000_000, 50, None, None)
    assert cloud.facts("h") == HostFacts("h", 200_000_000, 50, 50, 2.0)
    assert large.access_facts() == {"burst": 250, "per_second": 5.0}
    assert own.info("own").facts == {"round trip": "200 ms", "rate limit": "none", "workers": "32"}
    assert large.info("l").facts["operating limit"] == "480 s of a method in 10 min"


def test_facts_of_what_was_set():
    world = Bitrix24(
        workers=None,
        costs="documented",
        slowdowns=((60, 120, 10),),
        faults=["503:crm.*,p=0.1", Fault("429", command="profile")],
        https=True,
    )
    assert world.info("w").facts == {
        "round trip": "200 ms",
        "rate limit": "none",
        "workers": "no limit",
        "costs": "as documented",
        "slower": "10 x from 0:01:00 to 0:02:00",
        "faults": "503:crm.*, 429:profile",
        "scheme": "https",
    }


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"rtt_ms": -1}, UsageError, "rtt_ms"),
        ({"tariff": "standrad"}, UsageError, "Did you mean 'standard'"),
        ({"tariff": "own", "cloud": True}, UsageError, "contradict"),
        ({"front": "hevy"}, UsageError, "no front named 'hevy'"),
        ({"wrokers": 3}, UsageError, "Did you mean 'workers'"),
        ({"faults": ["rezet"]}, UsageError, "Did you mean 'reset'"),
        ({"past_end": "stop"}, WorldError, "past_end"),
    ],
)
def test_mistakes_are_told_where_they_are_made(options, error, words):
    with pytest.raises(error, match=words):
        Bitrix24(**options)


def test_counters():
    async def client(session, access):
        for method in ("crm.lead.get?ID=1", "crm.lead.list?filter[NO]=1", "crm.nope", "profile", "profile"):
            async with session.get(access.url + method) as answer:
                await answer.read()

    world = Bitrix24(rtt_ms=1, tariff="standard", burst=4)
    _, counters = in_virtual_time(world, client)
    assert counters == {
        "commands": 3,
        "rows": 32,
        "refused": 1,
        "blocked": 0,
        "dropped_filters": 1,
        "peak_busy": 1,
    }


def test_a_fixed_number_of_leads():
    async def client(session, access):
        async with session.get(f"{access.url}crm.lead.list?start=0&select[]=ID") as answer:
            return (await answer.json())["total"], access.size

    assert in_virtual_time(Bitrix24(leads=10), client, size=5000)[0] == (15, 5000)


def test_applications_find_their_token():
    async def client(session, access):
        url = f"{access.facts['rest_url']}profile?auth={access.facts['access_token']}"
        async with session.get(url) as answer:
            return answer.status, access.facts["rest_url"]

    assert in_virtual_time(Bitrix24(), client)[0] == (200, "http://portal.test/rest/")


def test_https_in_virtual_time():
    async def client(session, access):
        async with session.get(f"{access.url}profile") as answer:
            await answer.read()
            return access.url[:8], answer.status, round(asyncio.get_running_loop().time() * 1000)

    plain, secure = (in_virtual_time(Bitrix24(rtt_ms=100, https=https), client)[0] for https in (False, True))
    assert plain[:2] == ("http://p", 200)
    assert secure[:2] == ("https://", 200)
    assert secure[2] - plain[2] in (100, 200), "a round trip of TLS 1.3, or two"


@pytest.mark.parametrize("front", ["light", "aiohttp"])
def test_https_in_wall_time(front):
    world = Bitrix24(rtt_ms=0, https=True, https_required=True, front=front)

    async def scenario():
        async with world.start(20, 1, None) as running:
            access = world.access(running.addresses, 20, 1, "wall")
            trusted = ssl.create_default_context(cadata=access.facts["ca_pem"])
            assert world.host_facts(running.addresses)[0].host == access.url.split("/")[2]
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{access.url}profile", ssl=trusted) as answer,
            ):
                return answer.status

    assert asyncio.run(scenario()) == 200
