"""``perfkit list``: what there is to name."""

from __future__ import annotations

import click

from perfkit import config
from perfkit.cli.show import notes
from perfkit.errors import ScenarioError


@click.command("list")
@click.argument("files", nargs=-1, metavar="[FILE.py]...")
def command(files: tuple[str, ...]) -> int:
    """List scenarios with their sizes, worlds and strategies; and rules, probes and formats."""
    from perfkit import probes, rules
    from perfkit.bench.discovery import Found, find
    from perfkit.report import FORMATS

    try:
        found = find(files, config.load().folder("scenarios"))
    except ScenarioError as error:
        if files:
            raise
        found = Found(errors=[error])
    click.echo("scenarios")
    for scenario in found.scenarios.values():
        click.echo(f"  {scenario.name}: {scenario.title or scenario.name}")
        click.echo(f"    sizes       {', '.join(map(str, scenario.sizes))} {scenario.unit}")
        click.echo(f"    worlds      {', '.join(scenario.worlds)}")
        click.echo(f"    strategies  {', '.join(scenario.strategies)}")
        infos = [strategy.info for strategy in scenario.strategies.values()]
        if tunable := [f"{info.name} ({', '.join(info.parameters)})" for info in infos if info.parameters]:
            click.echo(f"    tunable     {', '.join(tunable)}")
    click.echo("rules")
    for code in sorted(rules.available()):
        click.echo(f"  {code} {rules.load(code).NAME}")
    click.echo(f"probes\n  {', '.join(sorted(probes.available()))}")
    click.echo(f"formats\n  {', '.join(sorted(FORMATS))}")
    for problem in found.errors:
        notes().print(f"perfkit: {problem}", markup=False)
    return 2 if found.errors and files else 0
