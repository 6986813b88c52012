"""Copies deals from a CRM portal through a client with one method for every call; a contact per deal."""

import aiohttp


class Portal:
    """A webhook of the portal."""

    def __init__(self, session, base, token="s3cr3tt0ken"):
        self._session = session
        self._base = f"{base}/rest/1/{token}"

    async def call(self, method, **params):
        async with self._session.post(f"{self._base}/{method}.json", json=params) as response:
            answer = await response.json()
        return answer["result"]


async def deals_with_contacts(portal):
    deals = await portal.call("crm.deal.list", filter={"STAGE_ID": "NEW"}, select=["ID", "CONTACT_ID"])
    for deal in deals[:12]:
        deal["contact"] = await portal.call("crm.contact.get", id=deal["CONTACT_ID"])  # expect: PK102
    return deals


async def main(world):
    async with aiohttp.ClientSession() as session:
        fields = Portal(session, world.url)
        await fields.call("crm.deal.fields")
        deals = await deals_with_contacts(fields)
    assert deals[0]["contact"]["NAME"] == "Ada"
