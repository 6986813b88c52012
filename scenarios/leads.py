"""Leads without an open activity, per manager: a CRM report that asks once per lead.

The report counts, for five managers and "the rest", the leads in three statuses that have no unfinished
activity. The slow way lists the leads and then calls crm.activity.list once per lead. Each way is done
twice: with plain aiohttp, and with the client library fast_bitrix24 as it comes.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from _portal import BATCH, Params, Row, client, command

import perfkit
from perfkit.bench.strategies import bounded_gather, chunks
from perfkit.model import ScenarioResult
from perfkit.worlds import Access, Bitrix24
from perfkit.worlds.bitrix24.data import NAMED_MANAGERS, REPORT_MANAGERS, REPORT_STATUSES

if TYPE_CHECKING:
    from fast_bitrix24 import BitrixAsync

LEFT_OUT_MANAGER = 247
CHUNK = 15
WORKERS = 5
SMALL = (20, 60, 200)
"""Sizes at which the strategies that fetch everything, or are refused thousands of times, show enough."""

Answer = dict[str, int]

leads = perfkit.Scenario(
    "leads",
    sizes=(*SMALL, 2000),
    default_sizes=(20, 200, 2000),
    gate_sizes=(20, 60),
    unit="leads",
    title="Leads without an open activity",
    world={
        "own-200ms": Bitrix24(rtt_ms=200, title="own server, 200 ms away, no rate limit"),
        "cloud-200ms": Bitrix24(rtt_ms=200, cloud=True, title="cloud, 200 ms away, 50 requests then 2/s"),
        "own-800ms": Bitrix24(rtt_ms=800, title="own server, 800 ms away, no rate limit"),
    },
)

LEADS: Params = {
    "filter": {"STATUS_ID": list(REPORT_STATUSES), "ASSIGNED_BY_ID": list(REPORT_MANAGERS)},
    "select": ["ID", "ASSIGNED_BY_ID"],
}


def open_activities(owners: str | Sequence[str]) -> Params:
    """The parameters that ask for the unfinished activities of one lead, or of several. 1 means lead."""
    return {
        "filter": {"OWNER_TYPE_ID": 1, "OWNER_ID": owners, "COMPLETED": "N"},
        "select": ["ID", "OWNER_ID"],
    }


def published_filter(owners: Sequence[str]) -> Params:
    """The filter as the story publishes it. The portal knows neither key, and drops both without a word."""
    wanted = [{"OWNER_TYPE_ID": 1, "OWNER_ID": owner, "COMPLETED": "N"} for owner in owners]
    return {"filter": {"LOGIC": "OR", "FILTER": wanted}, "select": ["ID", "OWNER_ID"]}


def report(found: Iterable[Row], activities: Iterable[Row]) -> Answer:
    """Six counts: leads without an open activity of the five named managers, and of the rest."""
    busy = {row["OWNER_ID"] for row in activities}
    counts: Counter[str] = Counter({**dict.fromkeys(NAMED_MANAGERS.values(), 0), "the rest": 0})
    for lead in found:
        manager = int(lead["ASSIGNED_BY_ID"])
        if manager != LEFT_OUT_MANAGER and lead["ID"] not in busy:
            counts[NAMED_MANAGERS.get(manager, "the rest")] += 1
    return dict(counts)


def ids(found: Iterable[Row]) -> list[str]:
    """The leads' numbers in their order: a client may return rows in any."""
    return sorted((lead["ID"] for lead in found), key=int)


@leads.strategy(group="aiohttp", name="serial", baseline=True)
async def serial(world: Access, size: int) -> Answer:
    """One call per lead, one after another."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)
        activities: list[Row] = []
        for lead in ids(found):
            activities += (await portal.call("crm.activity.list", open_activities(lead)))["result"]
        return report(found, activities)


@leads.strategy(group="aiohttp", name="chunked")
async def chunked(world: Access, size: int) -> Answer:
    """Fifteen leads per call, one call after another."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)
        activities: list[Row] = []
        for chunk in chunks(ids(found), CHUNK):
            activities += await portal.list_all("crm.activity.list", open_activities(chunk))
        return report(found, activities)


@leads.strategy(group="aiohttp", name="batched", fixes="PK102")
async def batched(world: Access, size: int) -> Answer:
    """Fifty calls per batch request, one batch after another."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)
        commands = [command("crm.activity.list", open_activities(lead)) for lead in ids(found)]
        activities: list[Row] = []
        for part in chunks(commands, BATCH):
            for rows in await portal.batch(part):
                activities += rows
        return report(found, activities)


@leads.strategy(group="aiohttp", name="concurrent", tune={"limit": (1, 2, 5, 10, 20, 50)})
async def concurrent(world: Access, size: int, *, limit: int = WORKERS) -> Answer:
    """One call per lead, five at a time."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)

        async def one(lead: str) -> Any:
            return (await portal.call("crm.activity.list", open_activities(lead)))["result"]

        pages = await bounded_gather(one, ids(found), limit=limit)
        return report(found, [row for page in pages for row in page])


@leads.strategy(
    group="aiohttp", name="batched_concurrent", tune={"batch": (10, 25, 50), "limit": (1, 2, 5, 10, 20)}
)
async def batched_concurrent(world: Access, size: int, *, batch: int = BATCH, limit: int = WORKERS) -> Answer:
    """Fifty calls per batch request, five batches at a time."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)
        commands = [command("crm.activity.list", open_activities(lead)) for lead in ids(found)]
        parts = await bounded_gather(portal.batch, chunks(commands, batch), limit=limit)
        return report(found, [row for part in parts for rows in part for row in rows])


@leads.strategy(group="aiohttp", name="in_filter")
async def in_filter(world: Access, size: int) -> Answer:
    """All leads in one filter, joined in memory."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)
        return report(found, await portal.list_all("crm.activity.list", open_activities(ids(found))))


@leads.strategy(group="aiohttp", name="unthrottled", worlds=("cloud-200ms",), sizes=SMALL)
async def unthrottled(world: Access, size: int) -> Answer:
    """One call per lead, fifty at a time, the rate limit ignored: refused calls are sent again."""
    async with client(world, polite=False) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)

        async def one(lead: str) -> Any:
            return (await portal.call("crm.activity.list", open_activities(lead)))["result"]

        pages = await bounded_gather(one, ids(found), limit=BATCH)
        return report(found, [row for page in pages for row in page])


DROPPED = (
    "the portal drops LOGIC and FILTER, so every activity comes back, finished ones and those of deals too"
)


@leads.strategy(group="aiohttp", name="as_published", flaw=DROPPED, worlds=("own-200ms",), sizes=SMALL)
async def as_published(world: Access, size: int) -> Answer:
    """The story's own fix: fifteen leads in an OR filter, five workers."""
    async with client(world) as portal:
        found = await portal.list_all("crm.lead.list", LEADS)

        async def some(chunk: Sequence[str]) -> list[Row]:
            return await portal.list_all("crm.activity.list", published_filter(chunk))

        pages = await bounded_gather(some, chunks(ids(found), CHUNK), limit=WORKERS)
        return report(found, [row for page in pages for row in page])


LIBRARY = "fast_bitrix24"


def bitrix(world: Access) -> BitrixAsync:
    """The client library as it comes; on an own server it is told that there is no limit."""
    from fast_bitrix24 import BitrixAsync

    if world.facts["burst"] is not None:
        return BitrixAsync(world.url, verbose=False)
    return BitrixAsync(world.url, verbose=False, request_pool_size=10**6, requests_per_second=1e6)


async def one_batch(portal: BitrixAsync, commands: Sequence[str]) -> list[Row]:
    """The rows of up to 50 commands."""
    answers = await portal.call_batch({"halt": 0, "cmd": {f"c{n}": c for n, c in enumerate(commands)}})
    return [row for rows in answers.values() for row in rows]


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.serial", baseline=True)
async def client_serial(world: Access, size: int) -> Answer:
    """One get_all per lead, one after another."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)
    activities: list[Row] = []
    for lead in ids(found):
        activities += await portal.get_all("crm.activity.list", open_activities(lead))
    return report(found, activities)


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.chunked")
async def client_chunked(world: Access, size: int) -> Answer:
    """Fifteen leads per get_all, one after another."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)
    activities: list[Row] = []
    for chunk in chunks(ids(found), CHUNK):
        activities += await portal.get_all("crm.activity.list", open_activities(chunk))
    return report(found, activities)


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.batched", fixes="PK102")
async def client_batched(world: Access, size: int) -> Answer:
    """Fifty calls per call_batch, one after another."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)
    commands = [command("crm.activity.list", open_activities(lead)) for lead in ids(found)]
    activities: list[Row] = []
    for part in chunks(commands, BATCH):
        activities += await one_batch(portal, part)
    return report(found, activities)


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.concurrent")
async def client_concurrent(world: Access, size: int) -> Answer:
    """One get_all per lead, five at a time."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)

    async def one(lead: str) -> Any:
        return await portal.get_all("crm.activity.list", open_activities(lead))

    pages = await bounded_gather(one, ids(found), limit=WORKERS)
    return report(found, [row for page in pages for row in page])


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.batched_concurrent")
async def client_batched_concurrent(world: Access, size: int) -> Answer:
    """Fifty calls per call_batch, five at a time."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)
    commands = [command("crm.activity.list", open_activities(lead)) for lead in ids(found)]
    parts = await bounded_gather(functools.partial(one_batch, portal), chunks(commands, BATCH), limit=WORKERS)
    return report(found, [row for part in parts for row in part])


@leads.strategy(group=LIBRARY, needs=LIBRARY, name="fast_bitrix24.in_filter")
async def client_in_filter(world: Access, size: int) -> Answer:
    """All leads in one filter, joined in memory."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)
    return report(found, await portal.get_all("crm.activity.list", open_activities(ids(found))))


@leads.strategy(
    group=LIBRARY,
    needs=LIBRARY,
    name="fast_bitrix24.as_published",
    flaw=DROPPED,
    worlds=("own-200ms",),
    sizes=SMALL,
)
async def client_as_published(world: Access, size: int) -> Answer:
    """The story's own fix: fifteen leads in an OR filter, five workers."""
    portal = bitrix(world)
    found = await portal.get_all("crm.lead.list", LEADS)

    async def some(chunk: Sequence[str]) -> Any:
        return await portal.get_all("crm.activity.list", published_filter(chunk))

    pages = await bounded_gather(some, chunks(ids(found), CHUNK), limit=WORKERS)
    return report(found, [row for page in pages for row in page])


def seconds(result: ScenarioResult, world: str, strategy: str, size: int) -> float:
    """Measured time of one cell; LookupError when this run has none, or it went wrong."""
    cell = result.cell(world, strategy, size)
    if cell is None or cell.elapsed_ns is None:
        raise LookupError(strategy)
    return cell.elapsed_ns / 1e9


def largest(result: ScenarioResult) -> int:
    """The largest size of up to 200 leads: the story's own scale."""
    return max((size for size in result.sizes if size <= 200), default=result.sizes[0])


@leads.claim("100 requests take 20-80 s, one after another, at 200-800 ms each")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    size = largest(result)
    near, far = (100 * seconds(result, world, "serial", size) / size for world in ("own-200ms", "own-800ms"))
    return f"{near:.1f} s at 200 ms, {far:.1f} s at 800 ms", 18 <= near <= 25 and 72 <= far <= 90


@leads.claim("chunks of 15 and five workers: 100 requests fall to 2-5 s")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    size = largest(result)
    time = 100 * seconds(result, "own-200ms", "chunked", size) / size
    return f"{time:.1f} s for 100 leads in chunks of 15, one chunk after another", 1 <= time <= 5


@leads.claim("5-20 times faster")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    size = largest(result)
    slow = seconds(result, "own-200ms", "serial", size)
    factors = [
        slow / seconds(result, "own-200ms", name, size)
        for name in ("chunked", "concurrent", "batched", "batched_concurrent", "in_filter")
    ]
    return f"{min(factors):.1f} to {max(factors):.0f} times, by strategy, at {size} leads", max(factors) >= 5


@leads.claim("five requests at a time are safe under a limit of 2-5 requests a second")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell = result.cell("cloud-200ms", "unthrottled", largest(result))
    kept = result.cell("cloud-200ms", "concurrent", largest(result))
    if cell is None or kept is None or kept.elapsed_ns is None:
        raise LookupError("cloud")
    refused = cell.counters.get("status_503", 0)
    slower = f"with a throttle five at a time take {kept.elapsed_ns / 1e9:.1f} s, no faster than one by one"
    return f"without a throttle the portal refuses {refused} calls (503); {slower}", False


@leads.claim("an OR filter, {LOGIC: OR, FILTER: [...]}, fetches the activities of 15 leads in one call")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    size = largest(result)
    published, right = (result.cell("own-200ms", name, size) for name in ("as_published", "chunked"))
    if published is None or right is None:
        raise LookupError("as_published")
    rows, wanted = published.counters["rows"], right.counters["rows"]
    wrong = "a wrong answer" if published.agrees is False else "the right answer by chance"
    return f"both keys are dropped: {rows} rows come back where {wanted} were wanted, and {wrong}", False


@leads.claim("the client is fast_bitrix24>=3.2.0")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"there is no such version; {version(LIBRARY)} is the current one", False
    except PackageNotFoundError:
        return "there is no such version; 1.8.14 is the current one", False


@leads.claim("the client takes care of the rate limit")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cells = [c for c in result.cells if c.world == "cloud-200ms" and c.strategy.startswith(LIBRARY)]
    if not cells:
        raise LookupError(LIBRARY)
    refused = sum(cell.counters.get("status_503", 0) for cell in cells)
    dead = [f"{cell.strategy} at {cell.size}" for cell in cells if cell.status != "ok"]
    lost = f"; {', '.join(dead)} gave up" if dead else ""
    return f"{refused} calls of its strategies were refused (503){lost}", not refused and not dead
