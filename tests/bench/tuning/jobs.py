"""Scenarios for tests of tuning whose best setting is known beforehand.

``workers``: six workers of 100 ms each; more than six requests at a time gain nothing, so the knee is six.
``window``: a batch costs 10 ms and is sent after the window, so the delay grows with it; from 9 in flight on
the service refuses.
"""

import asyncio

from aiohttp import ClientSession

import perfkit
from perfkit.bench.strategies import bounded_gather
from perfkit.worlds import http

WORKERS = 6
SERVICE_MS = 100.0


def service(**options):
    api = http(rtt_ms=0, **options)

    @api.get("/jobs/{number}")
    def job(request):
        return int(request.path["number"])

    return api


async def ask_all(world, size, limit):
    async with ClientSession() as session:

        async def one(number):
            async with session.get(f"{world.url}jobs/{number}") as answer:
                answer.raise_for_status()
                return await answer.json()

        return sum(await bounded_gather(one, range(size), limit=limit))


workers = perfkit.Scenario(
    "workers", sizes=(60, 120), unit="jobs", world=service(workers=WORKERS, service_ms=SERVICE_MS)
)


@workers.strategy(baseline=True)
async def serial(world, size):
    return await ask_all(world, size, 1)


@workers.strategy(tune={"limit": (1, 2, 5, 10, 20)})
async def bounded(world, size, *, limit=2):
    return await ask_all(world, size, limit)


plain = perfkit.Scenario("plain", sizes=(1,), world=service())


@plain.strategy(baseline=True)
async def nothing(world, size):
    return size


refused = perfkit.Scenario(
    "refused",
    sizes=(40,),
    unit="jobs",
    world=service(workers=20, service_ms=SERVICE_MS, max_in_flight=8, refuse_with=503),
)


@refused.strategy(baseline=True)
async def one_by_one(world, size):
    return await ask_all(world, size, 1)


@refused.strategy(tune={"limit": (1, 4, 16)})
async def patient(world, size, *, limit=1):
    """Asks again when it is refused."""
    async with ClientSession() as session:

        async def one(number):
            while True:
                async with session.get(f"{world.url}jobs/{number}") as answer:
                    if answer.status == 200:
                        return await answer.json()
                await asyncio.sleep(0.01)

        return sum(await bounded_gather(one, range(size), limit=limit))


@refused.strategy(tune={"limit": (16, 20)}, flaw="none of its values keeps the limits")
async def greedy(world, size, *, limit=16):
    return await patient(world, size, limit=limit)


BATCH_NS = 10_000_000
ITEM_NS = 200_000_000
GAP_S = 0.1


def switchboard():
    api = http(rtt_ms=0)

    @api.post("/batch")
    async def batch(request):
        items = request.json
        await asyncio.sleep((BATCH_NS + ITEM_NS * len(items)) / 1e9)
        return items

    return api


calls = perfkit.Scenario(
    "calls",
    sizes=(100, 200),
    default_sizes=(100,),
    unit="calls",
    world=switchboard(),
    goal={"delay_p50_ns": 1.0, "delay_max_ns": 0.5},
    limits={"delay_max_ns": 60e9},
)


@calls.strategy(tune={"batch": (1, 5, 25), "in_flight": (1, 2, 5, 10), "window_s": (0.2, 1, 5)})
async def dispatched(world, size, *, batch=25, in_flight=5, window_s=5.0):
    """Ten calls a second arrive; they wait for a window to be over, and are sent in batches."""
    loop = asyncio.get_running_loop()
    slots, delays, waiting = asyncio.Semaphore(in_flight), [], []
    async with ClientSession() as session, asyncio.TaskGroup() as group:

        async def send(items):
            async with slots, session.post(f"{world.url}batch", json=[n for n, _ in items]) as answer:
                await answer.read()
            delays.extend(loop.time() - arrived for _, arrived in items)

        for number in range(size):
            waiting.append((number, loop.time()))
            if len(waiting) == batch or loop.time() - waiting[0][1] >= window_s or number == size - 1:
                group.create_task(send(waiting))
                waiting = []
            await asyncio.sleep(GAP_S)
    ordered = sorted(delays)
    world.figures["delay_p50_ns"] = round(ordered[len(ordered) // 2] * 1e9)
    world.figures["delay_max_ns"] = round(ordered[-1] * 1e9)
    return len(delays)


forgetful = perfkit.Scenario("forgetful", sizes=(10,), world=service())


@forgetful.strategy(baseline=True)
async def right(world, size):
    await asyncio.sleep(size)
    return size


@forgetful.strategy(tune={"batch": (1, 3, 6)})
async def loses_some(world, size, *, batch=3):
    """The smaller the faster, but below three it forgets what does not fill a batch."""
    await asyncio.sleep(batch)
    return size if batch >= 3 else size - 1


outside = perfkit.Scenario("outside", sizes=(1,), world=service())


@outside.strategy(tune={"pause_s": (1.0, 2.0)})
async def pauses(world, size, *, pause_s=2.0):
    await asyncio.sleep(pause_s)
    return size


grows = perfkit.Scenario("grows", sizes=(2, 8), unit="items", world=service(), limits={"late": 0})


@grows.strategy(tune={"limit": (1, 4)})
async def hurries(world, size, *, limit=4):
    """Fast enough for a few items with any limit, and for many only with a high one."""
    await asyncio.sleep(limit)
    world.figures["late"] = max(0, size - 3 * limit)
    return size


endless = perfkit.Scenario("endless", sizes=(1,), world=service())


@endless.strategy(tune={"limit": (1, 2)})
async def burns(world, size, *, limit=1):
    while limit == 2:
        pass
    return size


rush = perfkit.Scenario(
    "rush",
    sizes=(50, 100),
    default_sizes=(50,),
    unit="calls",
    world=switchboard(),
    goal="delay_max_ns",
)


@rush.strategy(tune={"in_flight": (1, 2, 4)})
async def in_time(world, size, *, in_flight=1):
    """In ten seconds: twice as many calls need twice as many at a time."""
    slots, loop, delays = asyncio.Semaphore(in_flight), asyncio.get_running_loop(), []
    async with ClientSession() as session, asyncio.TaskGroup() as group:

        async def send(number):
            arrived = loop.time()
            async with slots, session.post(f"{world.url}batch", json=[number]) as answer:
                await answer.read()
            delays.append(loop.time() - arrived)

        for number in range(size):
            group.create_task(send(number))
            await asyncio.sleep(10 / size)
    world.figures["delay_max_ns"] = round(max(delays) * 1e9)
    return len(delays)
