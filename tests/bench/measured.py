"""A scenario for tests whose strategies measure something themselves, and take parameters."""

import asyncio

from aiohttp import web

import perfkit
from perfkit.model import Mark, Series
from perfkit.worlds import WebWorld

waiting = perfkit.Scenario(
    "waiting",
    sizes=(1, 2, 3),
    default_sizes=(1, 2),
    world=WebWorld(lambda size: web.Application()),
    marks=[Mark("a storm", 10, 20)],
    goal={"late_ns": 1.0},
    limits={"early": 0},
)


@waiting.strategy(tune={"pause_s": (1, 2.5)})
async def waits(world, size, *, pause_s=0.5):
    await asyncio.sleep(pause_s * size)
    world.figures["late_ns"] = pause_s * 1e9
    world.series.append(Series("late", "ns", 0, 1_000_000_000, [0.0, None, pause_s]))
    return size


@waiting.strategy(flaw="its figure is no number")
async def measures_nothing(world, size):
    world.figures["late_ns"] = float("nan")
    return size


async def breaks():
    raise ValueError("nobody waits for this")


@waiting.strategy(flaw="it leaves failed tasks behind")
async def leaves_failed_tasks(world, size):
    task = asyncio.ensure_future(breaks())
    await asyncio.sleep(1)
    assert task.done()
    world.figures["late_ns"] = 1.0
    return size


@waiting.strategy
async def leaves_a_failed_task_unknowingly(world, size):
    return await leaves_failed_tasks(world, size)
