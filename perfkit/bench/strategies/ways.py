"""The four ways to ask for many things, given a function for one and a function for many.

    one(item)   -> the answer for one item
    many(items) -> the answers for several, in their order

Each returns the answers in the order of the items; the first error stops the rest and is raised.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from perfkit.bench.strategies.bounded import bounded_gather, chunks

if TYPE_CHECKING:
    from perfkit.bench.scenario import Scenario

T = TypeVar("T")
R = TypeVar("R")
One = Callable[[T], Awaitable[R]]
Many = Callable[[Sequence[T]], Awaitable[Sequence[R]]]

BATCH_SIZE = 50
CONCURRENCY = 5


async def serial(one: One[T, R], items: Sequence[T]) -> list[R]:
    """One after another: the time of all calls added up."""
    return [await one(item) for item in items]


async def batched(many: Many[T, R], items: Sequence[T], *, size: int = BATCH_SIZE) -> list[R]:
    """In batches of ``size``, one batch after another."""
    answers: list[R] = []
    for chunk in chunks(items, size):
        answers.extend(await many(chunk))
    return answers


async def concurrent(one: One[T, R], items: Sequence[T], *, limit: int = CONCURRENCY) -> list[R]:
    """One by one, but at most ``limit`` at a time."""
    return await bounded_gather(one, items, limit=limit)


async def batched_concurrent(
    many: Many[T, R], items: Sequence[T], *, size: int = BATCH_SIZE, limit: int = CONCURRENCY
) -> list[R]:
    """In batches of ``size``, at most ``limit`` batches at a time."""
    answers = await bounded_gather(many, chunks(items, size), limit=limit)
    return [answer for batch in answers for answer in batch]


def standard(
    scenario: Scenario,
    *,
    items: Callable[..., Awaitable[Sequence[Any]]],
    one: Callable[..., Awaitable[Any]],
    many: Callable[..., Awaitable[Sequence[Any]]],
    answer: Callable[[list[Any]], Any] = list,
    size: int = BATCH_SIZE,
    limit: int = CONCURRENCY,
) -> None:
    """Declare serial (the baseline), batched, concurrent and batched_concurrent on ``scenario``.

    ``items(session, world)`` lists what there is; ``one(session, world, item)`` and
    ``many(session, world, items)`` ask for it; ``answer`` turns the answers into what is compared.
    ``session`` is an ``aiohttp.ClientSession`` shared by all calls of a strategy.
    """

    def declare(name: str, run: Callable[..., Awaitable[list[Any]]], function: Any, **options: Any) -> None:
        async def strategy(world: Any, _size: int) -> Any:
            from aiohttp import ClientSession

            async with ClientSession() as session:

                async def call(item: Any) -> Any:
                    return await function(session, world, item)

                return answer(await run(call, await items(session, world), **options))

        fixes = "PK102" if name == "batched" else ""
        strategy.__doc__ = run.__doc__
        scenario.strategy(name=name, baseline=name == "serial", shape=name, fixes=fixes)(strategy)

    declare("serial", serial, one)
    declare("batched", batched, many, size=size)
    declare("concurrent", concurrent, one, limit=limit)
    declare("batched_concurrent", batched_concurrent, many, size=size, limit=limit)
