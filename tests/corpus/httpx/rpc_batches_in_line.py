"""Sends calls of a node in batches of thirty, each batch after the answer to the one before."""

import httpx


def calls(method, parameters):
    for number, parameter in enumerate(parameters, 1):
        yield {"jsonrpc": "2.0", "id": number, "method": method, "params": [parameter]}


class Node:
    def __init__(self, client):
        self.client = client

    async def send(self, batch):
        response = await self.client.post("/rpc", json=batch)
        return [answer["result"] for answer in response.json()]


async def receipts(node, transactions):
    found = []
    waiting = list(calls("tx.receipt", transactions))
    while waiting:
        batch, waiting = waiting[:30], waiting[30:]
        found += await node.send(batch)  # expect: PK203
    return found


async def main(world):
    async with httpx.AsyncClient(base_url=world.url, verify=world.tls) as client:
        assert len(await receipts(Node(client), [f"0x{n:064x}" for n in range(150)])) == 150
