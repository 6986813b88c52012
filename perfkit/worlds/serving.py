"""A world as real servers in a process of its own, on loopback, always stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from perfkit.children import end_child, settle_in, start_child
from perfkit.errors import WorldError
from perfkit.worlds.fine_timers import run

if TYPE_CHECKING:
    from aiohttp import web

    from perfkit.worlds.base import World

START_TIMEOUT_S = 60.0
"""A first start of PostgreSQL with its data takes some seconds on a slow machine."""

WorldSource = Callable[[], "tuple[World, int, int]"]
"""Gives a world, a size and a seed."""


async def start(app: web.Application, host: str, port: int) -> tuple[web.AppRunner, str]:
    """Serve ``app``; port 0 takes a free one. Returns the runner, to be cleaned up, and the base URL.

    Raises WorldError when the address cannot be had.
    """
    from aiohttp import web

    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise WorldError(
            f"cannot serve on {host}:{port}: {error.strerror or error}. "
            "Choose another port with --port, or 0 for any free one."
        ) from error
    shown = f"[{host}]" if ":" in host else host
    return runner, f"http://{shown}:{runner.addresses[0][1]}"


@contextlib.contextmanager
def serving(source: WorldSource) -> Iterator[dict[str, str]]:
    """The addresses of a world that a process of its own runs; ``source`` must be picklable.

    The process ends with the block; it also ends by itself when this process is gone.
    """
    process, pipe = start_child(_serve, source)
    try:
        yield _addresses(pipe)
    finally:
        with contextlib.suppress(OSError):
            pipe.send(None)
        process.join(5)
        end_child(process, pipe)


def _addresses(pipe: Connection) -> dict[str, str]:
    try:
        answer = pipe.recv() if pipe.poll(START_TIMEOUT_S) else None
    except EOFError:
        answer = None
    if isinstance(answer, Exception):
        raise WorldError(f"the server of this world did not start: {answer}") from answer
    if answer is None:
        raise WorldError(f"the server of this world gave no address within {START_TIMEOUT_S:g} s")
    return dict(answer)


def _serve(source: WorldSource, pipe: Connection) -> None:
    settle_in()
    try:
        run(lambda: _until_told(source, pipe))  # what it holds back by a round trip must be right
    except Exception as error:  # whatever it is, the parent shall tell the user
        told = error if isinstance(error, WorldError) else WorldError(f"{type(error).__name__}: {error}")
        with contextlib.suppress(OSError):
            pipe.send(told)


async def _until_told(source: WorldSource, pipe: Connection) -> None:
    world, size, seed = source()
    async with world.start(size, seed, None) as running:
        pipe.send(running.addresses)
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), told.set)  # readable when told to stop, or when the parent is gone
        await told.wait()
        loop.remove_reader(pipe.fileno())
