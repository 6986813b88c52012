"""The official Bitrix24 client, unmodified, against the mock portal over HTTPS. Prints JSON."""

# ruff: noqa: E402 (prepare comes before other imports)
from perfkit.sim import Link, Network, prepare, run_sync

prepare()

import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from aiohttp import web
from b24pysdk import BitrixWebhook, Client

import perfkit
from perfkit.worlds.bitrix24.app import PORTAL, make_app
from perfkit.worlds.bitrix24.config import WEBHOOK_TOKEN
from perfkit.worlds.bitrix24.portal import Portal, PortalConfig

RTT_NS = 100_000_000


@asynccontextmanager
async def portal():
    app = make_app(Portal(PortalConfig(leads=100, burst=None)))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    await web.TCPSite(runner, "portal.example", 443, ssl_context=tls).start()
    yield app[PORTAL]
    await runner.cleanup()


def main(portal):
    client = Client(BitrixWebhook(domain="portal.example", webhook_token=f"1/{WEBHOOK_TOKEN}"))

    def get(i):
        return client.crm.lead.get(bitrix_id=i)

    def measured(function):
        rows, before = len(portal.journal), time.perf_counter_ns()
        answer = function()
        took = time.perf_counter_ns() - before
        return {
            "took": took,
            "cost": sum(row.cost_ns for row in portal.journal[rows:] if not row.command),
            "answer": answer,
        }

    def in_threads():
        with ThreadPoolExecutor(5) as pool:
            return list(pool.map(lambda i: get(i).result["ID"], range(1, 21)))

    with perfkit.record() as recording:
        serial = measured(lambda: [get(i).result["ID"] for i in range(1, 21)])
    findings = [[finding.rule, finding.count] for finding in recording.findings()]
    batch = measured(
        lambda: [
            row["ID"]
            for row in client.call_batch({f"c{i}": get(i) for i in range(1, 21)}).result.result.values()
        ]
    )
    return {"serial": serial, "findings": findings, "batch": batch, "threads": measured(in_threads)}


if __name__ == "__main__":
    network = Network()
    network.connect_host("portal.example", Link(rtt_ns=RTT_NS))
    print(json.dumps(run_sync(main, network=network, world=portal)))  # noqa: T201
