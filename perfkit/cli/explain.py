"""``perfkit explain``: the page of a rule."""

from __future__ import annotations

import click

from perfkit.cli.show import results
from perfkit.rules import available, load, page


@click.command("explain")
@click.argument("rule", required=False)
def command(rule: str | None) -> int:
    """Explain RULE (PK102, or its name); without one, list the rules."""
    if rule is None:
        for code in sorted(available()):
            click.echo(f"{code}  {load(code).NAME}")
        return 0
    by_name = {load(code).NAME: code for code in available()}
    text = page(by_name.get(rule.lower(), rule))
    console = results()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(text))
    else:
        click.echo(text, nl=False)
    return 0
