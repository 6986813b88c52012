"""What the simulation's tests share: small servers, clients and protocols."""

import asyncio
import ssl
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from perfkit.sim import Link, Network

MS = 1_000_000
RTT_NS = 200 * MS
HOST = "api.example"


def network(rtt_ns=RTT_NS, bandwidth=None, seed=0, **link):
    net = Network(seed=seed)
    net.connect_host(HOST, Link(rtt_ns=rtt_ns, bandwidth_bytes_per_s=bandwidth, **link))
    return net


def now_ns():
    return asyncio.get_running_loop().now_ns


def server_tls():
    """What a server needs for the simulation's own TLS: it has no certificate."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)


@asynccontextmanager
async def serving(handler, host=HOST, port=80, tls=None, **options):
    """An aiohttp server with one handler for every path."""
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, **options)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls)
    await site.start()
    try:
        yield site
    finally:
        await runner.cleanup()


@asynccontextmanager
async def session(**connector):
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(**connector)) as client:
        yield client


async def fetch(client, path="/", host=HOST, scheme="http", **options):
    async with client.get(f"{scheme}://{host}{path}", **options) as response:
        return await response.text()


def service(seconds, workers=None):
    """A handler that takes ``seconds``; at most ``workers`` requests at a time."""
    free = asyncio.Semaphore(workers) if workers else None

    async def handler(request):
        if free is None:
            await asyncio.sleep(seconds)
        else:
            async with free:
                await asyncio.sleep(seconds)
        return web.Response(text=request.path)

    return handler


class Log(asyncio.Protocol):
    """A protocol that writes down what happens to it, with the virtual time."""

    def __init__(self):
        self.events = []
        self.data = b""
        self.transport = None
        self.lost = asyncio.get_running_loop().create_future()

    def note(self, *event):
        self.events.append((now_ns(), *event))

    def connection_made(self, transport):
        self.transport = transport
        self.note("made")

    def data_received(self, data):
        self.data += data
        self.note("data", bytes(data) if len(data) < 20 else len(data))

    def eof_received(self):
        self.note("eof")

    def pause_writing(self):
        self.note("pause")

    def resume_writing(self):
        self.note("resume")

    def connection_lost(self, exc):
        self.note("lost", type(exc).__name__ if exc else None)
        if not self.lost.done():
            self.lost.set_result(exc)


async def pair(server_class=Log, client_class=Log, host=HOST):
    """A listening server and one connection to it: (server, client protocol, server protocol)."""
    loop = asyncio.get_running_loop()
    made = []

    def factory():
        made.append(server_class())
        return made[-1]

    server = await loop.create_server(factory, host, 7000)
    _, client = await loop.create_connection(client_class, host, 7000)
    await asyncio.sleep(1)
    return server, client, made[0]
