"""A world as a real server in a process of its own, on loopback, always stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from perfkit.children import end_child, settle_in, start_child
from perfkit.errors import WorldError

if TYPE_CHECKING:
    from aiohttp import web

START_TIMEOUT_S = 30.0

AppSource = Callable[[], "web.Application"]


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
def serving(make_app: AppSource) -> Iterator[str]:
    """The base URL of a server process that runs ``make_app()``, which must be picklable.

    The process ends with the block; it also ends by itself when this process is gone.
    """
    process, pipe = start_child(_serve, make_app)
    try:
        yield _address(pipe)
    finally:
        with contextlib.suppress(OSError):
            pipe.send(None)
        process.join(2)
        end_child(process, pipe)


def _address(pipe: Connection) -> str:
    try:
        answer = pipe.recv() if pipe.poll(START_TIMEOUT_S) else None
    except EOFError:
        answer = None
    if isinstance(answer, Exception):
        raise WorldError(f"the server of this world did not start: {answer}") from answer
    if answer is None:
        raise WorldError(f"the server of this world gave no address within {START_TIMEOUT_S:g} s")
    return str(answer)


def _serve(make_app: AppSource, pipe: Connection) -> None:
    settle_in()
    try:
        app = make_app()
    except Exception as error:  # whatever it is, the parent shall tell the user
        pipe.send(WorldError(f"{type(error).__name__}: {error}"))
        return
    asyncio.run(_until_told(app, pipe))


async def _until_told(app: web.Application, pipe: Connection) -> None:
    try:
        runner, url = await start(app, "127.0.0.1", 0)
    except WorldError as error:
        pipe.send(error)
        return
    pipe.send(url)
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(pipe.fileno(), told.set)  # readable when told to stop, or when the parent is gone
    await told.wait()
    loop.remove_reader(pipe.fileno())
    await runner.cleanup()
