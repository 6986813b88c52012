"""``perfkit explain``: the page of a rule."""

from __future__ import annotations

import click

from perfkit.cli.show import results
from perfkit.errors import UnknownNameError
from perfkit.rules import available, load, page

INTRODUCTION = """# The rules

What perfkit looks for, one page for each rule: `perfkit explain PK101` shows the same in the terminal.
"""


@click.command("explain")
@click.argument("rule", required=False)
@click.option("--all", "every", is_flag=True, help="All rules, as one Markdown document (docs/rules.md).")
def command(rule: str | None, every: bool) -> int:
    """Explain RULE (PK101, or its name); without one, list the rules."""
    if every:
        click.echo(document(), nl=False)
    elif rule is None:
        for code, name in names().items():
            click.echo(f"{code}  {name}")
    else:
        _show(page(code_of(rule)))
    return 0


def names() -> dict[str, str]:
    """Name of each rule by its code, in order of the codes."""
    return {code: load(code).NAME for code in sorted(available())}


def code_of(rule: str) -> str:
    """The code of the rule with that code or name, in any case. Raises UnknownNameError with the nearest."""
    known = {word.upper(): code for code, name in names().items() for word in (code, name)}
    if rule.upper() in known:
        return known[rule.upper()]
    # codes are suggested to who tried one, names to everybody else
    if rule[:2].upper() == "PK":
        raise UnknownNameError("rule", rule.upper(), names())
    raise UnknownNameError("rule", rule.lower(), names().values())


def document() -> str:
    """All pages as one Markdown document."""
    table = "".join(f"| [{code}](#{code.lower()}-{name}) | {name} |\n" for code, name in names().items())
    pages = "".join(f"\n#{page(code)}" for code in names())
    return f"{INTRODUCTION}\n| code | name |\n|---|---|\n{table}{pages}"


def _show(markdown: str) -> None:
    """Rendered on a terminal, as it is in a pipe."""
    console = results()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(markdown))
    else:
        click.echo(markdown, nl=False)
