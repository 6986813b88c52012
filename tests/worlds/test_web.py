import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientSession, web

from perfkit.errors import UsageError, WorldError
from perfkit.model import HostFacts
from perfkit.worlds import Bitrix24, WebWorld
from perfkit.worlds.base import WHOLE
from perfkit.worlds.serving import serving, start

ROOT = Path(__file__).parents[2]


async def hello(request):
    return web.Response(text="hello")


def make_app(size=1):
    app = web.Application()
    app.router.add_get("/", hello)
    return app


def broken_app():
    raise ValueError("no data")


def world():
    return WebWorld(lambda size: make_app()), 1, 1


def broken_world():
    return WebWorld(lambda size: broken_app()), 1, 1


async def fetch(url, times=1):
    async with ClientSession() as session:
        for _ in range(times):
            async with session.get(url) as answer:
                text = await answer.text()
        return text


def test_a_served_world_answers_and_stops():
    with serving(world) as addresses:
        assert asyncio.run(fetch(addresses[WHOLE])) == "hello"
    with pytest.raises(OSError, match="onnect"):
        asyncio.run(fetch(addresses[WHOLE]))


def test_a_world_that_cannot_start_says_why():
    with pytest.raises(WorldError, match="did not start: ValueError: no data"), serving(broken_world):
        pass


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_the_server_ends_when_its_parent_is_killed(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(
        textwrap.dedent(
            """
            import time
            from perfkit.worlds.serving import serving
            from tests.worlds.test_web import world

            if __name__ == "__main__":
                with serving(world) as addresses:
                    print(addresses[""], flush=True)
                    time.sleep(60)
            """
        )
    )
    command, path = [sys.executable, str(script)], {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=path) as parent:
        url = parent.stdout.readline().strip()
        parent.send_signal(signal.SIGKILL)
    for _ in range(100):
        try:
            asyncio.run(fetch(url))
        except OSError:
            return
        time.sleep(0.1)
    raise AssertionError(f"{url} still answers")


def test_a_port_in_use_is_named():
    async def main():
        runner, url = await start(make_app(), "127.0.0.1", 0)
        port = int(url.rpartition(":")[2])
        try:
            with pytest.raises(WorldError, match=rf"127\.0\.0\.1:{port}.*--port"):
                await start(make_app(), "127.0.0.1", port)
        finally:
            await runner.cleanup()

    asyncio.run(main())


def test_latency_is_a_round_trip_per_request_and_one_more_per_connection(monkeypatch):
    slept = []

    async def sleep(seconds):
        slept.append(seconds)

    async def main():
        world = WebWorld(lambda size: make_app(), rtt_ms=50)
        runner, url = await start(world.app(1, 1, latency=True), "127.0.0.1", 0)
        monkeypatch.setattr("perfkit.worlds.web.asyncio.sleep", sleep)
        await fetch(url, times=3)
        await fetch(url)
        monkeypatch.undo()
        await runner.cleanup()

    asyncio.run(main())
    assert slept == [0.1, 0.05, 0.05, 0.1]


def test_what_worlds_say_of_themselves():
    assert WebWorld(make_app, rtt_ms=50, batch_size=10).facts("h") == HostFacts("h", 50_000_000, 10)
    cloud = Bitrix24(rtt_ms=200, cloud=True)
    assert cloud.facts("h") == HostFacts("h", 200_000_000, 50, 50, 2.0)
    assert cloud.info("cloud").facts["rate limit"] == "50 requests, then 2/s"
    assert Bitrix24().facts("h") == HostFacts("h", 200_000_000, 50, None, None)
    assert Bitrix24().info("own").facts["rate limit"] == "none"
    assert Bitrix24().access_facts()["burst"] is None


@pytest.mark.parametrize("world", [partial(WebWorld, make_app), Bitrix24])
def test_negative_latency_is_refused(world):
    with pytest.raises(UsageError, match="rtt_ms must be 0 or more, not -1"):
        world(rtt_ms=-1)
