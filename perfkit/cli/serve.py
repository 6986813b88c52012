"""``perfkit serve``: a world alone, as a real server on loopback, for any client in any language."""

from __future__ import annotations

import asyncio
import contextlib

import click

from perfkit.cli.serve_link import link, postgres
from perfkit.cli.serving import counted, stop_by_signals
from perfkit.cli.show import Duration, notes

TARIFFS: dict[str, dict[str, float | None]] = {
    "standard": {"burst": 50, "per_second": 2.0},
    "enterprise": {"burst": 250, "per_second": 5.0},
    "own": {"burst": None},
}
"""Rate limits as documented: requests at once, then so many a second; an own server has none."""


@click.group("serve")
def command() -> None:
    """Run a mock server alone, or a real one at a distance. Ctrl-C stops it."""


command.add_command(postgres)
command.add_command(link)


@command.command("bitrix24")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8024, show_default=True, help="0: any free one."
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--leads", type=click.IntRange(1), default=1000, show_default=True, help="Leads the report counts."
)
@click.option(
    "--rtt", type=Duration(), default="0ms", show_default=True, help="Round trip to add to a request."
)
@click.option("--tariff", type=click.Choice(list(TARIFFS)), default="own", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def bitrix24(port: int, host: str, leads: int, rtt: int, tariff: str, seed: int) -> int:
    """Serve the mock Bitrix24 portal; its webhook URL is printed on stdout."""
    from perfkit.worlds.bitrix24 import Portal, PortalConfig
    from perfkit.worlds.bitrix24.server import start_server

    limit = TARIFFS[tariff]
    portal = Portal(PortalConfig(leads=leads, seed=seed, rtt_ns=rtt, **limit))  # type: ignore[arg-type]

    async def serve() -> None:
        runner, url = await start_server(portal, host, port)
        click.echo(url)
        await stop_by_signals().wait()
        await runner.cleanup()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
    notes().print(f"served: {counted(portal.stats())}", markup=False)
    return 0
