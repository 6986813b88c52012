"""``perfkit serve postgres`` and ``perfkit serve link``: a real service as far away as asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from perfkit.cli.link_control import HELP, FaultText, LinkControl, Rate, make_link
from perfkit.cli.serving import counted, stop_by_signals
from perfkit.cli.show import Duration, notes
from perfkit.errors import PerfkitError

if TYPE_CHECKING:
    from perfkit.sim import Link
    from perfkit.worlds.link import Fault, LinkProxy

_EPILOG = "Lines on standard input, while it runs:\n\n\b\n" + HELP

_OPTIONS = (
    click.option("--rtt", type=Duration(), default="0ms", show_default=True, help="Round trip to add."),
    click.option("--jitter", type=Duration(), default="0ms", help="Up to so much more each way."),
    click.option("--bandwidth", type=Rate(), help="Per connection and direction, such as 10MB/s."),
    click.option(
        "--fault",
        "faults",
        type=FaultText(),
        multiple=True,
        help="refuse, reset, blackhole or slow_close; for a share of the connections (0 to 1), after so many "
        "bytes of one, from a connection on. May be given several times.",
    ),
    click.option("--seed", type=int, default=0, help="Settles which connections faults happen to."),
    click.option(
        "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any free one."
    ),
    click.option("--host", default="127.0.0.1", show_default=True),
)


def _with_link_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command("link", epilog=_EPILOG)
@click.argument("target", metavar="HOST:PORT")
@_with_link_options
def link(target: str, **options: Any) -> int:
    """Put a link before a TCP service; the address to use instead is printed on stdout."""
    host, _, port = target.rpartition(":")
    if not host or not port.isdecimal():
        raise click.UsageError(f"{target!r} is no HOST:PORT, such as 127.0.0.1:6379")
    return _serve((host.strip("[]"), int(port)), lambda address: f"{address[0]}:{address[1]}", **options)


@click.command("postgres", epilog=_EPILOG)
@_with_link_options
def postgres(**options: Any) -> int:
    """Start PostgreSQL behind a link; its connection string is printed on stdout.

    With PERFKIT_PG_DSN, an own database at that server. It holds no data, and is gone at the end.
    """
    from perfkit.worlds.database.postgres.server import current_server

    server = current_server()
    database = server.create("template0")
    try:
        return _serve(server.address, lambda address: server.url(*address, database), **options)
    finally:
        server.drop(database)


def _serve(
    target: tuple[str, int] | str,
    shown: Callable[[tuple[str, int]], str],
    *,
    rtt: int,
    jitter: int,
    bandwidth: float | None,
    faults: tuple[Fault, ...],
    seed: int,
    port: int,
    host: str,
) -> int:
    from perfkit.worlds import fine_timers
    from perfkit.worlds.link import LinkProxy

    proxy = LinkProxy(target, make_link(rtt, jitter, bandwidth), faults=faults, seed=seed)

    async def serve() -> None:
        stopped = stop_by_signals()
        address = await proxy.start(host, port)
        await _measure(proxy.link)
        click.echo(shown(address))
        _obey_lines(proxy, stopped)
        await stopped.wait()
        await proxy.stop()

    with contextlib.suppress(KeyboardInterrupt):
        fine_timers.run(serve)
    notes().print(f"served: {counted(proxy.counts())}", markup=False)
    return 0


async def _measure(measured: Link) -> None:
    from perfkit.worlds.link import measure

    notes().print(f"round trip: {await measure(measured)}", markup=False)


def _obey_lines(proxy: LinkProxy, stopped: asyncio.Event) -> None:
    """Read lines from standard input in a thread; its end is no reason to stop."""
    if sys.stdin is None:
        return
    if hasattr(signal, "SIGTTIN"):
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)  # in the background there is nothing to read
    loop, control, descriptor = asyncio.get_running_loop(), LinkControl(proxy), sys.stdin.fileno()
    tasks: set[asyncio.Task[None]] = set()

    def obey(line: str) -> None:
        if line == "quit":
            stopped.set()
        elif line == "measure":
            tasks.add(loop.create_task(_measure(proxy.link)))
        elif line:
            try:
                said = control.obey(line)
            except PerfkitError as error:
                said = str(error)
            notes().print(said, markup=False)

    def read() -> None:
        rest = b""
        # not by sys.stdin: a thread that waits in its buffer would keep Python from ending
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop has closed
            while data := os.read(descriptor, 4096):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    loop.call_soon_threadsafe(obey, line.decode(errors="replace").strip())

    threading.Thread(target=read, daemon=True, name="standard input").start()
