"""Changes each lead of a CRM portal with a call of its own, one after another, in a task group."""

import asyncio

import httpx


class Crm:
    def __init__(self, client, hook="/rest/1/tok3n"):
        self.client = client
        self.hook = hook
        self.gate = asyncio.Semaphore(2)

    async def call(self, method, params):
        async with self.gate:
            response = await self.client.post(f"{self.hook}/{method}", json=params)
        return response.json()["result"]

    async def touch(self, lead):
        return await self.call("crm.lead.update", {"id": lead, "fields": {"OPENED": "Y"}})  # expect: PK102


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        crm = Crm(client)
        leads = await crm.call("crm.lead.list", {"filter": {"OPENED": "N"}})
        async with asyncio.TaskGroup() as group:
            for lead in leads[:8]:
                group.create_task(crm.touch(lead["ID"]))
