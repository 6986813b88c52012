"""``perfkit report --serve``: the reports folder over HTTP, for a browser here or behind a tunnel."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit.cli.browser import open_page
from perfkit.cli.serving import stop_by_signals
from perfkit.cli.show import notes
from perfkit.errors import MissingExtraError, RunFileError, UsageError

if TYPE_CHECKING:
    from aiohttp import web

    from perfkit.report.index.site import Answer, Site

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8700
"""The same each time, so that a tunnel or a bookmark stays right; a free one if it is taken."""

STOP_S = 1.0
"""How long answers that are under way may take after Ctrl-C."""


def serve_folder(folder: Path, host: str, port: int | None, *, opened: bool = False) -> int:
    """Serve ``folder`` until Ctrl-C; the address is printed on stdout. Returns the exit code, 0.

    Raises RunFileError when there is no such folder, UsageError when ``port`` is taken, MissingExtraError
    without aiohttp.
    """
    from perfkit.report.index.site import Site, is_loopback

    if not folder.is_dir():
        raise RunFileError(f"there is no folder {folder} to serve; perfkit bench makes it with its first run")
    if not is_loopback(host):
        notes().print(
            f"perfkit: {host}: whoever reaches this machine can read the runs in {folder}",
            markup=False,
        )
    site = Site(folder.resolve())
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(site, host, port, lambda url: _say(url, opened=opened)))
    return 0


def _say(url: str, *, opened: bool) -> None:
    click.echo(url)
    notes().print("Ctrl-C ends it.", markup=False)
    if opened and not open_page(url):
        notes().print("no browser was found here; open the address above", markup=False)


async def _serve(site: Site, host: str, port: int | None, ready: Callable[[str], None]) -> None:
    try:
        from aiohttp import web
    except ImportError as error:
        raise MissingExtraError("perfkit report --serve", "aiohttp", "bench") from error
    stopped = stop_by_signals()
    runner = web.AppRunner(application(site, host), access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    try:
        ready(f"http://{f'[{host}]' if ':' in host else host}:{await _listen(runner, host, port)}/")
        await stopped.wait()
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int | None) -> int:
    """The port it listens on: the one asked for, or else the usual one, or else any."""
    from aiohttp import web

    for wanted in (port,) if port is not None else (DEFAULT_PORT, 0):
        try:
            await web.TCPSite(runner, host, wanted).start()
        except OSError as error:
            if port is None and wanted and error.errno == errno.EADDRINUSE:
                continue
            why = error.strerror or error
            raise UsageError(
                f"cannot listen on {host}, port {wanted}: {why}. Choose with --host, --port."
            ) from error
        return int(runner.addresses[0][1])
    raise AssertionError("port 0 is never in use")


def application(site: Site, host: str) -> web.Application:
    """The server's application: GET and HEAD alone, and on loopback only for names of this machine."""
    from aiohttp import web

    from perfkit.report.index.site import is_loopback, is_own_host, refused

    guarded, one_at_a_time = is_loopback(host), asyncio.Lock()

    async def handle(request: web.Request) -> web.Response:
        hosts = request.headers.getall("Host", [])
        if guarded and not (len(hosts) == 1 and is_own_host(hosts[0])):
            return _sent(refused(403, "this server answers to localhost only"))
        if request.method not in ("GET", "HEAD"):
            return _sent(refused(405, "GET and HEAD only"), Allow="GET, HEAD")
        async with one_at_a_time:
            return _sent(await asyncio.to_thread(site.answer, request.path))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _sent(answer: Answer, **more: str) -> web.Response:
    from aiohttp import web

    return web.Response(status=answer.status, body=answer.body, headers={**answer.headers, **more})
