"""``perfkit serve``: a world alone, as a real server on loopback, for any client in any language."""

from __future__ import annotations

import click

from perfkit.cli.serve_bitrix24 import bitrix24
from perfkit.cli.serve_link import link, postgres


@click.group("serve")
def command() -> None:
    """Run a mock server alone, or a real one at a distance. Ctrl-C stops it."""


command.add_command(bitrix24)
command.add_command(postgres)
command.add_command(link)
