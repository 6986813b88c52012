"""A shop for tests: orders asked for one by one or at once, and strategies that go wrong in every way."""

import asyncio
import os
import pathlib
import time

from aiohttp import ClientSession, web

import perfkit
from perfkit.bench.strategies import standard
from perfkit.worlds import WebWorld

RTT_MS = 20.0


def make_app(size):
    async def orders(request):
        if "ids" in request.query:
            return web.json_response([int(number) * 7 for number in request.query["ids"].split(",")])
        return web.json_response(list(range(size)))

    async def order(request):
        return web.json_response(int(request.match_info["id"]) * 7)

    app = web.Application()
    app.router.add_get("/orders", orders)
    app.router.add_get("/orders/{id}", order)
    return app


shop = perfkit.Scenario(
    "shop", sizes=(10, 100), unit="orders", world=WebWorld(make_app, rtt_ms=RTT_MS, batch_size=50)
)


async def items(session, world):
    async with session.get(world.url + "orders") as answer:
        return await answer.json()


async def one(session, world, order):
    async with session.get(f"{world.url}orders/{order}") as answer:
        return await answer.json()


async def many(session, world, orders):
    async with session.get(world.url + "orders", params={"ids": ",".join(map(str, orders))}) as answer:
        return await answer.json()


standard(shop, items=items, one=one, many=many, answer=sum)

wrong = perfkit.Scenario("wrong", sizes=(2,), world=WebWorld(make_app, rtt_ms=RTT_MS))


@wrong.strategy(baseline=True)
async def right(world, size):
    async with ClientSession() as session:
        return await items(session, world)


@wrong.strategy
async def differs(world, size):
    return ["other"]


@wrong.strategy(flaw="kept to show that it is wrong")
async def flawed(world, size):
    return ["other"]


@wrong.strategy
async def raises(world, size):
    async with ClientSession() as session:
        await items(session, world)
    raise ValueError("no such order")


@wrong.strategy
async def waits_for_ever(world, size):
    await asyncio.Event().wait()


@wrong.strategy
async def sleeps_for_ever(world, size):
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue


@wrong.strategy
async def burns_for_ever(world, size):
    while True:
        pass


@wrong.strategy
async def dies(world, size):
    os._exit(7)


@wrong.strategy
async def exits(world, size):
    raise SystemExit(3)


@wrong.strategy
async def cannot_be_compared(world, size):
    return [lambda: None]


@wrong.strategy
def blocks(world, size):
    time.sleep(0)
    return asyncio.run(right(world, size))


@wrong.strategy(needs="no_such_package")
async def needs(world, size):
    return None


@wrong.strategy
async def prints(world, size):
    print("noise on stdout")  # noqa: T201 - what the test is about
    return list(range(size))


class NoYesOrNo:
    """Compares like an array: element by element."""

    def __eq__(self, other):
        return NoYesOrNo()

    def __hash__(self):
        return 1

    def __bool__(self):
        raise ValueError("the truth value is ambiguous")


@wrong.strategy
async def has_no_yes_or_no(world, size):
    return NoYesOrNo()


class OneWayError(Exception):
    """Pickles, and does not come back."""

    def __init__(self, first, second):
        super().__init__(first)


@wrong.strategy
async def does_not_come_back(world, size):
    return OneWayError(1, 2)


@wrong.strategy
async def raises_anything(world, size):
    raise KeyboardInterrupt


@wrong.strategy
async def leaks(world, size):
    raise ValueError("no answer from https://me:s3cr3t@portal.test/rest/1/s3cr3t/x?auth=s3cr3t today")


@wrong.strategy
async def leaks_a_password(world, size):
    raise ValueError(
        "cannot reach postgresql+psycopg://me:s3c/r3t@db.test:5432/shop?sslpassword=s3cr3t nor "
        "host=db.test user=me password='s3 cr3t' dbname=shop"
    )


@wrong.strategy
async def odd_attributes(world, size):
    with perfkit.span("odd \udcff", path=pathlib.PurePosixPath("/x")):
        pass
    return list(range(size))


@wrong.strategy
async def tells_its_process(world, size):
    place = os.environ.get("PERFKIT_TEST_PROCESS")
    if place:
        pathlib.Path(place).write_text(str(os.getpid()))
    while place:
        pass
    return list(range(size))


headless = perfkit.Scenario("headless", sizes=(1,), world=WebWorld(make_app))
long = perfkit.Scenario("long", sizes=(1,), world=WebWorld(make_app))


@headless.strategy(name="one")
async def answers_one(world, size):
    return 1


@headless.strategy(name="two")
async def answers_two(world, size):
    return 2


@long.strategy(baseline=True)
async def answers_long(world, size):
    return [*range(1000), 1]


@long.strategy
async def differs_at_the_end(world, size):
    return [*range(1000), 2]


def no_app(size):
    raise ValueError("no data")


worldless = perfkit.Scenario("worldless", sizes=(1,), world=WebWorld(no_app))


@worldless.strategy(baseline=True)
async def never_asked(world, size):
    return 1
