"""Logs in, opens a session, and then asks two things at once. Right: only the first two steps are in line."""

import asyncio

import httpx


class Client:
    def __init__(self, http):
        self.http = http
        self.headers = {}

    async def log_in(self):
        answer = await self.http.post("/token", json={"user": "ada"})
        self.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        account = await self.http.get("/whoami", headers=self.headers)
        self.headers["X-Account"] = account.json()["name"]

    async def get(self, path):
        return (await self.http.get(path, headers=self.headers)).json()


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as http:
        client = Client(http)
        await client.log_in()
        feed, alerts = await asyncio.gather(client.get("/feed"), client.get("/alerts"))
    assert feed["value"] == alerts["value"]
