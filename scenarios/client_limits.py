"""Public Bitrix24 clients under the cloud's limits: which of them survives what.

The job is to fetch leads by number: two hundred with a call each, or five thousand in a hundred batches.
The cloud lets 50 requests through at once and then 2 a second, and blocks a method that has worked for
480 s within ten minutes. Each client is used in ways that its authors offer, and as it comes; one that
counts stands beside them. docs/bitrix24-clients.md tells more.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import os
import random
import ssl
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
from _portal import BATCH, Client, command

import perfkit
from perfkit.bench.strategies import bounded_gather, chunks
from perfkit.worlds import Access, Bitrix24

if TYPE_CHECKING:
    from b24pysdk import BitrixWebhook
    from fast_bitrix24 import BitrixAsync

METHOD = "crm.lead.get"
FEW, MANY = (20, 100, 200), (100, 5000)
AT_ONCE = 10
OPERATING_S = 480
"""What a method may work within ten minutes (documented)."""
TRUST = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
"""Where requests and httpx are told of authorities to trust."""
MS = 1_000_000

Answer = dict[int, str]


def cloud(command_ms: int) -> Bitrix24:
    """A portal of the cloud whose commands take that long."""
    title = f"cloud, a command takes {command_ms} ms"
    return Bitrix24(rtt_ms=40, cloud=True, https=True, command_ns=command_ms * MS, title=title)


clients = perfkit.Scenario(
    "client_limits",
    sizes=FEW + MANY,
    default_sizes=(200, 5000),
    gate_sizes=(20, 100),
    unit="leads",
    title="Public clients under the cloud's limits",
    world={"rate": cloud(20), "operating": cloud(100)},
)
RATE, OPERATING = ("rate",), ("operating",)


def numbers(size: int) -> list[int]:
    """The leads to fetch."""
    return list(range(1, size + 1))


def titles(rows: Iterable[Any]) -> Answer:
    """What every strategy must find: the leads' titles, by number."""
    return dict(sorted((int(row["ID"]), row["TITLE"]) for row in rows))


@contextmanager
def trusted(world: Access) -> Iterator[None]:
    """The portal's authority is one that requests and httpx trust, by their own settings."""
    before = {name: os.environ.get(name) for name in TRUST}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ca.pem")
        path.write_text(world.facts["ca_pem"])
        os.environ.update(dict.fromkeys(TRUST, str(path)))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


# a client that counts


@asynccontextmanager
async def careful(world: Access) -> AsyncIterator[Client]:
    """aiohttp, with a throttle that keeps to the limit."""
    trusting = ssl.create_default_context(cadata=world.facts["ca_pem"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
        yield Client(session, world)


@clients.strategy(group="aiohttp", name="serial", baseline=True, sizes=FEW)
async def serial(world: Access, size: int) -> Answer:
    """One call per lead, one after another, with a throttle that keeps to the limit."""
    async with careful(world) as portal:
        return titles([(await portal.call(METHOD, {"ID": lead}))["result"] for lead in numbers(size)])


@clients.strategy(group="aiohttp", name="batched_concurrent", worlds=RATE)
async def batched_concurrent(world: Access, size: int) -> Answer:
    """Fifty calls per batch request, ten batches at a time, with the same throttle."""
    async with careful(world) as portal:
        commands = [command(METHOD, {"ID": lead}) for lead in numbers(size)]
        parts = await bounded_gather(portal.batch, chunks(commands, BATCH), limit=AT_ONCE)
        return titles(row for part in parts for row in part)


@clients.strategy(group="aiohttp", name="patient", worlds=OPERATING, sizes=MANY)
async def patient(world: Access, size: int) -> Answer:
    """One batch after another; before the method would be blocked it waits until the portal forgets."""
    rows: list[Any] = []
    async with careful(world) as portal:
        for part in chunks(numbers(size), BATCH):
            cmd = {f"lead{lead}": command(METHOD, {"ID": lead}) for lead in part}
            result = (await portal.call("batch", {"halt": 0, "cmd": cmd}))["result"]
            rows += result["result"].values()
            last = result["result_time"][f"lead{part[-1]}"]
            if last["operating"] > OPERATING_S - 2 * last["duration"] * BATCH:
                await asyncio.sleep(last["operating_reset_at"] - time.time())
    return titles(rows)


# fast_bitrix24

FAST = "fast_bitrix24"

ALL_AT_ONCE = (
    "those who wait for its throttle wait for the same moment and then go at once; eleven refusals in a row, "
    "of whichever requests, end the job"
)
CUMULATIVE = (
    "it takes the running total in time.operating for the time of one call: after ten seconds of work it "
    "believes in 480, and pauses for ten minutes"
)
ALL_LOST = "it never holds back a batch; the first blocked command raises, and what had come is lost"


def fast(world: Access) -> BitrixAsync:
    """The client as it comes; the certificate of a made-up portal it need not check."""
    from fast_bitrix24 import BitrixAsync

    return BitrixAsync(world.url, verbose=False, ssl=False)


async def fast_serial(world: Access, size: int) -> Answer:
    """call(raw=True) once per lead, one after another."""
    portal = fast(world)
    return titles([(await portal.call(METHOD, {"ID": lead}, raw=True))["result"] for lead in numbers(size)])


async def fast_concurrent(world: Access, size: int) -> Answer:
    """call(raw=True) once per lead, ten at a time."""
    portal = fast(world)

    async def one(lead: int) -> Any:
        return (await portal.call(METHOD, {"ID": lead}, raw=True))["result"]

    return titles(await bounded_gather(one, numbers(size), limit=AT_ONCE))


async def fast_by_id(world: Access, size: int) -> Answer:
    """get_by_ID: batches, up to fifty at a time."""
    found = await fast(world).get_by_ID(METHOD, numbers(size))
    return titles(found.values())


async def fast_slowly(world: Access, size: int) -> Answer:
    """get_by_ID within slow(2): two batches at a time."""
    portal = fast(world)
    with portal.slow(2):
        found = await portal.get_by_ID(METHOD, numbers(size))
    return titles(found.values())


few = functools.partial(clients.strategy, group=FAST, needs=FAST, sizes=FEW)
many = functools.partial(clients.strategy, group=FAST, needs=FAST, sizes=MANY)
few(name="fast_bitrix24.serial", worlds=RATE)(fast_serial)
few(name="fast_bitrix24.serial_pausing", worlds=OPERATING, flaw=CUMULATIVE)(fast_serial)
few(name="fast_bitrix24.concurrent", worlds=RATE, flaw=ALL_AT_ONCE)(fast_concurrent)
many(name="fast_bitrix24.get_by_ID", worlds=RATE, flaw=ALL_AT_ONCE)(fast_by_id)
many(name="fast_bitrix24.slow", worlds=RATE, builds_on="fast_bitrix24.get_by_ID")(fast_slowly)
many(name="fast_bitrix24.slow_blocked", worlds=OPERATING, flaw=ALL_LOST)(fast_slowly)


# b24pysdk

SDK = "b24pysdk"
THREE_TRIES = (
    "a refused call is tried three times, after 1 s and 2 s: too few where ten threads share 2 a second"
)
UNTOLD = "a batch whose commands were blocked is no error to it: the leads after the first 4,800 are missing"


def webhook(world: Access) -> BitrixWebhook:
    """The client's token, from the webhook's URL."""
    from b24pysdk import BitrixWebhook

    domain, _, path = world.url.removeprefix("https://").partition("/")
    return BitrixWebhook(domain=domain, webhook_token=path.removeprefix("rest/"))


def sdk_get(world: Access) -> Callable[[int], Any]:
    """A function that fetches one lead."""
    token = webhook(world)
    return lambda lead: token.call_method(METHOD, {"ID": lead})["result"]


def sdk_serial(world: Access, size: int) -> Answer:
    """call_method once per lead, one after another, each on a connection of its own."""
    get = sdk_get(world)
    with trusted(world):
        return titles([get(lead) for lead in numbers(size)])


def sdk_threads(world: Access, size: int) -> Answer:
    """call_method once per lead, in ten threads."""
    get, waiting = sdk_get(world), iter(numbers(size))

    def work() -> list[Any]:
        return [get(lead) for lead in waiting]

    with trusted(world), ThreadPoolExecutor(AT_ONCE) as pool:
        threads = [pool.submit(work) for _ in range(AT_ONCE)]
        return titles(row for thread in threads for row in thread.result())


def sdk_batches(world: Access, size: int) -> Answer:
    """call_batches: one batch after another."""
    with trusted(world):
        methods = {lead: (METHOD, {"ID": lead}) for lead in numbers(size)}
        return titles(webhook(world).call_batches(methods)["result"]["result"].values())


sdk = functools.partial(clients.strategy, group=SDK, needs=SDK)
sdk(name="b24pysdk.serial", worlds=RATE, sizes=FEW)(sdk_serial)
sdk(name="b24pysdk.threads", worlds=RATE, sizes=FEW, flaw=THREE_TRIES)(sdk_threads)
sdk(name="b24pysdk.call_batches", worlds=RATE, sizes=MANY)(sdk_batches)
sdk(name="b24pysdk.call_batches_blocked", worlds=OPERATING, sizes=MANY, flaw=UNTOLD)(sdk_batches)


# b24api, of which Python 3.11 gets another version than later ones

B24API = "b24api"
GIVES_UP = "it gives a blocked command up within two minutes, and the portal forgets after up to ten"
FIVE_TRIES = "a refused call is tried five times: too few where ten at a time share 2 a second"

try:
    installed = version(B24API)
except PackageNotFoundError:
    installed = ""

if installed.startswith("0."):

    @contextmanager
    def old(world: Access) -> Iterator[Any]:
        """The client on a session made while the portal's authority is trusted; its log of retries is off."""
        import b24api
        import httpx
        from b24api.settings import Settings

        logging.getLogger(B24API).setLevel(logging.ERROR)
        with trusted(world), httpx.Client(http2=True) as b24api.Bitrix24.http:
            yield b24api.Bitrix24(settings=Settings(webhook_url=world.url))

    def asked_for(lead: int) -> dict[str, Any]:
        """The request for one lead."""
        return {"method": METHOD, "parameters": {"ID": lead}}

    def old_serial(world: Access, size: int) -> Answer:
        """A call for each lead, one after another."""
        with old(world) as portal:
            return titles([portal.call(asked_for(lead)) for lead in numbers(size)])

    def old_batch(world: Access, size: int) -> Answer:
        """One batch after another."""
        with old(world) as portal:
            return titles(portal.batch(map(asked_for, numbers(size))))

    b24 = functools.partial(clients.strategy, group=B24API)
    b24(name="b24api_0.serial", worlds=RATE, sizes=FEW)(old_serial)
    b24(name="b24api_0.batch", worlds=RATE, sizes=MANY)(old_batch)
    b24(name="b24api_0.batch_blocked", worlds=OPERATING, sizes=MANY, flaw=GIVES_UP)(old_batch)

if installed.startswith("2."):

    @asynccontextmanager
    async def new(world: Access, size: int) -> AsyncIterator[tuple[Any, Sequence[Any]]]:
        """The client, and the commands that fetch the leads; they may be repeated."""
        import b24api
        from b24api import ReplaySafety, Request
        from b24api.contracts import Command

        random.seed(world.seed)  # it draws its pauses; the import has drawn too, if it was the first
        requests = [Request.bare(METHOD, {"ID": lead}, ReplaySafety.SAFE) for lead in numbers(size)]
        with trusted(world):
            async with b24api.Bitrix24.from_webhook(world.url) as portal:
                yield portal, [Command(request, None) for request in requests]

    async def new_serial(world: Access, size: int) -> Answer:
        """A call for each lead, one after another."""
        async with new(world, size) as (portal, commands):
            return titles([await portal.call(each.request) for each in commands])

    async def new_fan_out(world: Access, size: int) -> Answer:
        """fan_out: one call per lead, ten at a time."""
        async with new(world, size) as (portal, commands):
            return titles([done.result async for done in portal.fan_out(commands)])

    async def new_batch(world: Access, size: int) -> Answer:
        """One batch after another."""
        async with new(world, size) as (portal, commands):
            return titles([done.result async for done in portal.batch(commands)])

    b24 = functools.partial(clients.strategy, group=B24API)
    b24(name="b24api_2.serial", worlds=RATE, sizes=FEW)(new_serial)
    b24(name="b24api_2.fan_out", worlds=RATE, sizes=FEW, flaw=FIVE_TRIES)(new_fan_out)
    b24(name="b24api_2.batch", worlds=RATE, sizes=MANY)(new_batch)
    b24(name="b24api_2.batch_blocked", worlds=OPERATING, sizes=MANY, flaw=GIVES_UP)(new_batch)
