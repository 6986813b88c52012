"""Reads the balance of each wallet of a node through JSON-RPC, though the protocol has batches."""

import itertools

import aiohttp


class Node:
    def __init__(self, session, url):
        self.session = session
        self.url = url
        self.ids = itertools.count(1)

    async def request(self, method, *params):
        call = {"jsonrpc": "2.0", "id": next(self.ids), "method": method, "params": list(params)}
        async with self.session.post(self.url, json=call) as response:
            return (await response.json())["result"]

    async def height(self):
        return await self.request("chain.height")

    async def balance(self, address):
        return await self.request("account.balance", address, "latest")


async def total(node, addresses):
    await node.height()
    amounts = [await node.balance(address) for address in addresses]  # expect: PK102
    return len(amounts)


async def main(world):
    async with aiohttp.ClientSession() as session:
        addresses = [f"0x{n:040x}" for n in range(0xA1, 0xAB)]
        assert await total(Node(session, f"{world.url}/rpc"), addresses) == 10
