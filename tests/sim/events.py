"""A busy simulation that prints one line: a hash of every (virtual time, event). The tests run it."""

import asyncio
import hashlib
import random

from aiohttp import web

from perfkit.errors import SimulationError
from perfkit.sim import Link, Network, run
from tests.sim.support import fetch, now_ns, serving, session

HOSTS = ["one.example", "two.example", "three.example"]
# The defaults name Python, aiohttp and the codecs installed, and on these links every byte counts.
HEADERS = {"User-Agent": "events", "Accept-Encoding": "identity"}


async def main(lines):
    rng = random.Random(7)
    workers = asyncio.Semaphore(5)

    async def handler(request):
        async with workers:
            await asyncio.sleep(rng.expovariate(100))
        lines.append(f"{now_ns()} served {request.remote} {request.path}")
        return web.Response(body=b"x" * rng.randrange(200_000))

    async def caller(i, client):
        try:
            async with asyncio.timeout(rng.uniform(0.2, 1)):
                text = await fetch(client, f"/{i}", host=HOSTS[i % 3], headers=HEADERS)
                lines.append(f"{now_ns()} got {i} {len(text)}")
        except TimeoutError:
            lines.append(f"{now_ns()} timeout {i}")

    async def straggler(i):
        try:
            await asyncio.sleep(1000)
        finally:
            lines.append(f"{now_ns()} stopped {i}")

    stragglers = {asyncio.create_task(straggler(i)) for i in range(20)}
    async with serving(handler, host=HOSTS), session(limit=0) as client:
        await asyncio.gather(*(caller(i, client) for i in range(300)))
    lines.append(f"{now_ns()} {len(stragglers)}")


def digest():
    network = Network()
    for i, host in enumerate(HOSTS):
        network.connect_host(host, Link(rtt_ns=(i + 1) * 10_000_001, bandwidth_bytes_per_s=3e6))
    lines = []
    try:
        run(lambda: main(lines), network=network, limit_ns=10**12)
    except SimulationError as error:
        lines.append(str(error))
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    print(*digest())  # noqa: T201
