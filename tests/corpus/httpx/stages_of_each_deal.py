"""Names the stage of each deal of a CRM; the list of stages is read again for each."""

import httpx


class Crm:
    def __init__(self, client):
        self._client = client

    async def call(self, method, **params):
        response = await self._client.post(f"/rest/9/k3y/{method}", json=params)
        return response.json()["result"]

    async def stage_name(self, stage):
        stages = await self.call("crm.status.list", filter={"ENTITY_ID": "DEAL_STAGE"})
        return next(row["TITLE"] for row in stages if row["ID"] == stage)


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        crm = Crm(client)
        deals = await crm.call("crm.deal.list", filter={"CLOSED": "N"})
        names = [await crm.stage_name(deal["ID"]) for deal in deals[:7]]  # expect: PK104
    assert names[0] == "Row 0"
