import asyncio

import pytest
from aiohttp import ClientSession, web

from perfkit.errors import UnknownNameError, UsageError
from perfkit.sim import Network, run
from perfkit.worlds import Together, WebWorld
from perfkit.worlds.serving import serving


def service(name):
    def make_app(size):
        async def answer(request):
            return web.json_response([name, size])

        app = web.Application()
        app.router.add_get("/", answer)
        return app

    return make_app


def both():
    return Together(
        near=WebWorld(service("near"), rtt_ms=2, host="near.test"),
        far=WebWorld(service("far"), rtt_ms=50, host="far.test", batch_size=10),
    )


async def ask(world):
    async with ClientSession() as session:
        answers = []
        for part in ("near", "far"):
            async with session.get(world[part].url) as answer:
                answers.append(await answer.json())
        return answers


def test_parts_are_found_by_name_in_virtual_time():
    network, world = Network(), both()

    async def main():
        async with world.start(7, 1, network) as running:
            access = world.access(running.addresses, 7, 1, "virtual")
            facts = world.host_facts(running.addresses)
            return await ask(access), [(f.host, f.rtt_ns, f.batch_size) for f in facts]

    answers, facts = run(main, network=network)
    assert answers == [["near", 7], ["far", 7]]
    assert facts == [("near.test", 2_000_000, None), ("far.test", 50_000_000, 10)]


def source():
    return both(), 7, 1


def test_parts_are_found_by_name_as_real_servers():
    with serving(source) as addresses:
        access = both().access(addresses, 7, 1, "wall")
        assert asyncio.run(ask(access)) == [["near", 7], ["far", 7]]


def test_facts_stand_under_the_name_of_their_part():
    info = both().info("both")
    assert info.rtt_ns == 2_000_000
    assert info.facts == {"near: round trip": "2 ms", "far: round trip": "50 ms"}


def test_a_part_that_is_none_is_named():
    access = both().access({"near/": "a", "far/": "b"}, 1, 1, "virtual")
    with pytest.raises(UnknownNameError, match=r"'fra'\. Did you mean 'far'"):
        access["fra"]


def test_no_parts_are_refused():
    with pytest.raises(UsageError, match="by name"):
        Together()
