"""A call centre tells its Bitrix24 portal of every call, and the operator waits for the card of who rings.

15,000 calls a day make 85,000 commands, with two humps at 11:00 and 15:30. For ten minutes from 11:00 on the
portal is ten times as slow. The slow ways wait for each answer before they send what has come meanwhile; the
fixed ones keep several batches under way, without ever mixing up the order of one call's commands.

The figure that counts is how long after the ring, or after a transfer, the portal has confirmed ``show``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from _calls_day import ACCIDENT, EXCERPT, GATED, WHOLE_DAY
from _calls_figures import report
from _calls_portal import BATCH, Answer, Command, Line, line

import perfkit
from perfkit.bench.strategies import Batcher
from perfkit.model import Cell, ScenarioResult
from perfkit.worlds import Access, Bitrix24

ACCIDENT_S = (ACCIDENT.from_ns / 1e9, ACCIDENT.until_ns / 1e9, 10.0)
OWN: dict[str, Any] = {
    "rtt_ms": 2,
    "leads": 20,
    "workers": 64,
    "base_ns": 100_000_000,
    "command_ns": 200_000_000,
    "row_ns": 0,
    "journal": 0,
    "slowdowns": (ACCIDENT_S,),
}
"""A request costs 0.1 s and each command of it 0.2 s, in the accident 2 s."""

IN_CLOUD = (
    "the cloud ends a request after 60 s, and blocks a method that has worked for 480 s within ten minutes"
)

calls = perfkit.Scenario(
    "calls",
    sizes=(*GATED, EXCERPT, 12_000, WHOLE_DAY, 18_000),
    default_sizes=(EXCERPT,),
    gate_sizes=GATED,
    clocks=("virtual",),
    unit="calls",
    title="A day of a call centre",
    world={
        "own": Bitrix24(**OWN, title="own server, no limits"),
        "own-limited": Bitrix24(
            **OWN, burst=50, per_second=2.0, title="own server behind 50 requests, then 2/s"
        ),
        "cloud": Bitrix24(
            cloud=True,
            rtt_ms=40,
            leads=20,
            journal=0,
            base_ns=40_000_000,
            costs="documented",
            title="cloud, documented costs, no accident",
        ),
        "cloud-accident": Bitrix24(**{**OWN, "rtt_ms": 40}, cloud=True, title="cloud, with the accident"),
    },
    marks=[ACCIDENT],
    goal={"card_p50_ns": 1, "accident_card_p50_ns": 1},
    limits={
        "refused_503": 0,
        "blocked_429": 0,
        "orders_violated": 0,
        "timeouts": 0,
        "card_p50_ns": 2e9,
        "accident_card_p50_ns": 12e9,
    },
)


@calls.strategy(baseline=True, worlds=("own",))
async def one_by_one(world: Access, size: int) -> Answer:
    """One request per command, each after the answer to the one before."""
    async with line(world, size) as portal:
        async for command in portal:
            await portal.send(command)
    return finished(world, portal)


@calls.strategy(worlds=("own",))
async def serial_batches(world: Access, size: int) -> Answer:
    """Batches of up to fifty commands, each after the answer to the one before."""
    async with line(world, size) as portal:
        while batch := await portal.next_batch():
            await portal.send_batch(batch)
    return finished(world, portal)


@calls.strategy(worlds=("own", "own-limited"))
async def ten_singles(world: Access, size: int) -> Answer:
    """One request per command, ten under way, a call's commands one after another."""
    async with line(world, size) as portal, singles(portal, in_flight=10) as batcher:
        async for command in portal:
            batcher.submit(command)
    return finished(world, portal)


@calls.strategy(worlds=("own",))
async def parallel_20_10s(world: Access, size: int) -> Answer:
    """Twenty batches under way, each collected for ten seconds: as the story does it."""
    return await in_batches(world, size, batch=BATCH, in_flight=20, window_s=10)


@calls.strategy(worlds=("own",))
async def parallel_5_10s(world: Access, size: int) -> Answer:
    """The same with five batches under way: fewer than rate x cost."""
    return await in_batches(world, size, batch=BATCH, in_flight=5, window_s=10)


@calls.strategy(
    worlds=("own", "own-limited"),
    tune={"batch": (1, 5, 10, 25, 50), "in_flight": (1, 2, 5, 10, 20), "window_s": (0.1, 1, 10)},
)
async def parallel(
    world: Access, size: int, *, batch: int = BATCH, in_flight: int = 10, window_s: float = 1
) -> Answer:
    """Ten batches under way, each collected for one second."""
    return await in_batches(world, size, batch=batch, in_flight=in_flight, window_s=window_s)


@calls.strategy(
    worlds=("own",),
    flaw="commands of a call are sent before its register has returned: the portal knows no such call",
)
async def without_order(world: Access, size: int) -> Answer:
    """The same without keeping the commands of a call in order."""
    return await in_batches(world, size, batch=BATCH, in_flight=10, window_s=1, key=None)


@calls.strategy(worlds=("cloud",))
async def small_batches(world: Access, size: int) -> Answer:
    """Ten batches under way, of twenty commands at most: 48 s at the documented costs, and 60 are allowed."""
    return await in_batches(world, size, batch=20, in_flight=10, window_s=1)


@calls.strategy(worlds=("cloud-accident",), flaw=IN_CLOUD)
async def serial_in_cloud(world: Access, size: int) -> Answer:
    """Batches of up to fifty commands one after another, in the cloud."""
    return await serial_batches(world, size)


@calls.strategy(worlds=("cloud-accident",), flaw=IN_CLOUD)
async def parallel_in_cloud(world: Access, size: int) -> Answer:
    """What is right on an own server, in the cloud."""
    return await in_batches(world, size, batch=BATCH, in_flight=10, window_s=1)


def of_call(command: Command) -> int:
    """The call that a command is about: its commands stay in their order."""
    return command.call.number


async def in_batches(
    world: Access,
    size: int,
    *,
    batch: int,
    in_flight: int,
    window_s: float,
    key: Callable[[Command], int] | None = of_call,
) -> Answer:
    """The day sent in batches, several under way at once."""

    async def send(commands: Sequence[Command]) -> list[None]:
        with portal.own_task():
            await portal.send_batch(commands)
        return [None] * len(commands)  # what became of them is in the line's tally

    options: dict[str, Any] = {"max_items": batch, "max_wait_s": window_s, "in_flight": in_flight}
    async with line(world, size) as portal, Batcher(send, key=key, **options) as batcher:
        async for command in portal:
            batcher.submit(command)
    return finished(world, portal)


def singles(portal: Line, *, in_flight: int) -> Batcher[Command, None]:
    """Batches of one, each sent as a request of its own."""

    async def send(commands: Sequence[Command]) -> list[None]:
        with portal.own_task():
            await portal.send(commands[0])
        return [None]

    return Batcher(send, max_items=1, max_wait_s=0, in_flight=in_flight, key=of_call)


def finished(world: Access, portal: Line) -> Answer:
    """What the portal has confirmed; the figures go into ``world``."""
    report(world, portal)
    return portal.answer()


def at(result: ScenarioResult, world: str, strategy: str, size: int = 0) -> Cell:
    """A cell of the day of 15,000 calls if it was measured, else of the smallest; LookupError without."""
    size = size or (WHOLE_DAY if WHOLE_DAY in result.sizes else result.sizes[0])
    cell = result.cell(world, strategy, size)
    if cell is None or cell.status != "ok":
        raise LookupError(strategy)
    return cell


def delay(cell: Cell, which: str = "p50", *, accident: bool = False) -> float:
    """Seconds until a card is there."""
    return cell.figures[f"{'accident_' if accident else ''}card_{which}_ns"] / 1e9


@calls.claim("before, a card came after 10 s, and after 10 min in an accident")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell = at(result, "own", "serial_batches")
    last = delay(cell, "max", accident=True)
    said = f"one batch after another: half of the cards after {delay(cell):.1f} s, "
    said += f"in the accident after {delay(cell, accident=True):.0f} s, the last after {last / 60:.1f} min"
    return said, 5 <= delay(cell) <= 15 and last >= 480


@calls.claim("five queued batches of 100 s: more than 8 minutes for the last one")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    last = delay(at(result, "own", "serial_batches"), "max", accident=True)
    return f"the last card of the accident came after {last / 60:.1f} min", last > 480


@calls.claim("single requests lag at 1,000 calls an hour already")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell = at(result, "own", "one_by_one", WHOLE_DAY)
    late, accident = delay(cell), delay(cell, accident=True)
    said = f"0.3 s a request is enough for 2,100 calls an hour: half of the cards after {late:.1f} s; "
    return said + f"in the accident, where it is for 300, after {accident:.0f} s", late > 10


@calls.claim("with parallel batches a card comes after about 10 s on a normal day")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell, fast = at(result, "own", "parallel_20_10s"), at(result, "own", "parallel")
    said = f"{delay(cell):.1f} s, and that is the collecting: with a window of 1 s it is {delay(fast):.1f} s"
    return said, 8 <= delay(cell) <= 12.5


@calls.claim("and after 1.5 minutes at worst in an accident")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell = at(result, "own", "parallel_20_10s")
    p50, p95, last = (delay(cell, which, accident=True) for which in ("p50", "p95", "max"))
    return f"half after {p50:.0f} s, 95 % after {p95:.0f} s, the last after {last:.0f} s", last <= 100


@calls.claim("batches in parallel need no more than that: the order of a call's commands keeps itself")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    lost = at(result, "own", "without_order").figures["orders_violated"]
    kept = at(result, "own", "parallel").figures["orders_violated"]
    return f"{lost:.0f} commands came to a portal that knew no such call; with order {kept:.0f}", lost == 0


@calls.claim("in flight must be rate x cost: 2.9 commands/s x 2 s, so 6 are enough and 5 are not")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    few, many = at(result, "own", "parallel_5_10s"), at(result, "own", "parallel_20_10s")
    slow, fast = delay(few, accident=True), delay(many, accident=True)
    said = f"in the accident half of the cards after {slow:.0f} s with 5, {fast:.0f} s with 20, of which "
    return (
        said + f"{many.peak_in_flight} were ever under way",
        slow >= 1.5 * fast and many.peak_in_flight < 10,
    )


def _within(ours: float, theirs: float) -> bool:
    return abs(ours / theirs - 1) <= 0.2


def _model(strategy: str, normal_s: float, accident_s: float, because: str = "") -> None:
    """An independent model of the day of 15,000 calls beside this one."""

    @calls.claim(f"an independent model, {strategy}: {normal_s:g} s, in the accident {accident_s:g} s")
    def _(result: ScenarioResult) -> tuple[str, bool | None]:
        cell = at(result, "own", strategy, WHOLE_DAY)
        normal, accident = delay(cell), delay(cell, accident=True)
        near = _within(normal, normal_s) and _within(accident, accident_s)
        return f"{normal:.1f} s and {accident:.1f} s{'' if near else because}", near


_model("serial_batches", 0.7, 410)
_model(
    "parallel_20_10s",
    10.6,
    66,
    ": earlier, since a command held back for its call's order is overdue when it may go, and takes along "
    "what is there before the window is up",
)
_model("parallel", 1.6, 10.9)
_model("ten_singles", 0.3, 2.1, ": twice as much, since show needs the answer to register first")


@calls.claim("single requests run into the limit of 50, then 2 a second, by the thousand")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cell = at(result, "own-limited", "ten_singles")
    refused, late = cell.figures["refused_503"], delay(cell)
    kept = at(result, "own-limited", "parallel").figures["refused_503"]
    said = f"{refused:,.0f} refused (503), half of the cards after {late:.0f} s; in batches {kept:.0f}"
    return said, refused >= 1000


@calls.claim("batches of 100 s: the portal answers them")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    cut_off = at(result, "cloud-accident", "serial_in_cloud").figures["timeouts"]
    return f"an own server does; the cloud ends a request after 60 s: {cut_off:.0f} ended", cut_off == 0


@calls.claim("in the cloud the limit of 480 s of work per method stops finish at 18,000 calls a day")
def _(result: ScenarioResult) -> tuple[str, bool | None]:
    busiest = at(result, "cloud", "small_batches", 18_000).figures
    finish, records = busiest["blocked_finish"], busiest["blocked_attachrecord"]
    said = f"{finish:,.0f} times finish was blocked (429), and {records:,.0f} times attachRecord"
    return said, finish > 0
