"""The verbs and where each lives. A verb's module is imported when it is called, not for ``--help``."""

from __future__ import annotations

import difflib
import importlib

import click

VERBS: dict[str, tuple[str, str]] = {
    "bench": ("perfkit.cli.bench", "Compare the strategies of scenarios: the main job."),
    "tune": ("perfkit.cli.tune", "Find the best parameters of a scenario's strategies, and say why."),
    "gate": ("perfkit.cli.gate", "Stop regressions: counters against a baseline, times against a revision."),
    "compare": ("perfkit.cli.compare", "Compare two stored runs, of perfkit or of other benchmark tools."),
    "run": ("perfkit.cli.run", "Trace a program: what it waits for, and which line to change."),
    "analyze": ("perfkit.cli.analyze", "Judge traces that others recorded: OTLP, Jaeger, Chrome, perfkit."),
    "report": ("perfkit.cli.report", "Show a stored run as HTML, Markdown, SARIF, JUnit, annotations ..."),
    "serve": ("perfkit.cli.serve", "Run a mock server alone, for any client."),
    "explain": ("perfkit.cli.explain", "Explain a rule: what, why, wrong and right code."),
    "list": ("perfkit.cli.list", "List scenarios, rules, probes and formats."),
    "doctor": ("perfkit.cli.doctor", "Show settings and their origin, and what is installed."),
}
"""Name, module (which has a function ``command``) and one line of help. Adding a verb is one line here."""


class Verbs(click.Group):
    """A group that imports a verb when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of VERBS."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the verb's module now."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(VERBS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """From VERBS alone, so that no verb is imported for help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """An unknown verb is answered with the nearest one."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" There are: {', '.join(VERBS)}."
            raise click.UsageError(f"no command {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from perfkit import __version__

        click.echo(f"perfkit {__version__}")
        ctx.exit()


@click.command(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]}, no_args_is_help=True)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show it."
)
def cli() -> None:
    """Find out why code that waits on databases and HTTP services is slow, and prove the fix.

    Exit codes: 0 pass, 1 something went wrong or a finding at the fail level, 2 usage, 3 inconclusive,
    70 internal error, 130 interrupted. Results go to stdout, everything else to stderr.
    """
