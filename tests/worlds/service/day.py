"""A busy hour of a service with everything on, as one figure; run it as a program under any hash seed."""

import asyncio
import hashlib
import sys

import aiohttp

from perfkit.sim import Link
from perfkit.sim.distributions import Exponential, Lognormal
from perfkit.worlds import http
from tests.worlds.service.support import MS, now_ns, simulate

REQUESTS = 400


def digest():
    """Of when and how each request ended, and of the counters."""
    api = http(
        link=Link(rtt_ns=20 * MS, jitter=Exponential(2 * MS), bandwidth_bytes_per_s=1e6),
        service=Lognormal(30 * MS, 0.5),
        workers=8,
        per_second=120,
        burst=10,
        max_in_flight=60,
        errors=0.02,
        resets=0.02,
        hangs=0.01,
    )

    @api.get("/jobs/{id}", per_row_ms=0.1)
    def job(request):
        return list(range(request.number % 50))

    @api.post("/jobs")
    async def make(request):
        await asyncio.sleep(0.001 * (request.number % 3))
        return {"of": len(request.json)}

    async def main(access, counters):
        async def one(number):
            await asyncio.sleep(number * 0.005)
            try:
                if number % 3:
                    asked = session.get(f"{access.url}jobs/{number}")
                else:
                    asked = session.post(f"{access.url}jobs", json=list(range(number % 20)))
                async with asked as answer:
                    return number, answer.status, await answer.text(), now_ns()
            except (aiohttp.ClientError, TimeoutError) as error:
                return number, type(error).__name__, now_ns()

        # What these say otherwise depends on what is installed, and each byte takes its time on the link.
        fixed = {"User-Agent": "day", "Accept-Encoding": "gzip"}
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=40), headers=fixed, timeout=aiohttp.ClientTimeout(total=2)
        ) as session:
            return await asyncio.gather(*(one(number) for number in range(REQUESTS))), counters()

    return hashlib.sha256(repr(simulate(api, main, seed=11)).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(digest())
