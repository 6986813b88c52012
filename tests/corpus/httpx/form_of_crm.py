"""Fills a form of a CRM: fields, stages, users, all at once. Right: different methods of one service."""

import asyncio

import httpx


async def call(client, method, **params):
    response = await client.post(f"/rest/1/tok3n/{method}", json=params)
    return response.json()["result"]


async def load(client, form):
    async with asyncio.TaskGroup() as group:
        fields = group.create_task(call(client, "crm.deal.fields"))
        stages = group.create_task(call(client, "crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"}))
        users = group.create_task(call(client, "user.get", ACTIVE=True))
    form.update(fields=fields.result(), stages=stages.result(), users=users.result())


async def main(world):
    form = {}
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        await load(client, form)
    assert len(form["stages"]) == 50
