"""Calls a service that is down for a moment. Right: two repetitions, in a transport, with growing pauses."""

import asyncio

import httpx


class Retrying(httpx.AsyncBaseTransport):
    def __init__(self, wrapped, attempts=4):
        self.wrapped = wrapped
        self.attempts = attempts

    async def handle_async_request(self, request):
        for attempt in range(self.attempts):
            response = await self.wrapped.handle_async_request(request)
            if response.status_code != 503 or attempt == self.attempts - 1:
                break
            await response.aread()
            await asyncio.sleep(0.005 * 2**attempt)
        return response

    async def aclose(self):
        await self.wrapped.aclose()


async def main(world):
    transport = Retrying(httpx.AsyncHTTPTransport(verify=world.tls))
    async with httpx.AsyncClient(base_url=world.url, transport=transport, verify=world.tls) as client:
        response = await client.get("/flaky/ledger", params={"fail": 2})
    assert response.json()["ok"]
