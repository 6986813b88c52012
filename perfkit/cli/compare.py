"""``perfkit compare``: two stored runs, of perfkit, pytest-benchmark, pyperf or hyperfine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.github import HELP, check_github, publish
from perfkit.cli.show import notes, print_run
from perfkit.report import OF_RESULTS


@click.command("compare")
@click.argument("base")
@click.argument("head")
@click.option("-f", "--format", "form", type=click.Choice(OF_RESULTS), default="text", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Store the comparison here (.json or .json.gz)."
)
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("--github", is_flag=True, help=HELP)
def command(base: str, head: str, form: str, output: Path | None, force: bool, github: bool) -> int:
    """Compare two stored runs: what is worse and what is better in HEAD than in BASE.

    Both are files of one tool: perfkit bench, or a timed perfkit gate; JSON of pytest-benchmark, of pyperf,
    or of hyperfine (--export-json). Runs in the reports folder can be named, too: perfkit compare previous
    latest. Runs of perfkit in virtual time are compared exactly. Times of runs made apart show large changes
    only; perfkit gate --base measures two revisions side by side.

    Exit code 1: something is worse; 3: it cannot be told, or nothing is in both files.
    """
    from perfkit.bench.compare import compare
    from perfkit.model.storage import write_run
    from perfkit.report.index import find

    if output is not None:
        check_output(output, force)
    check_github(github)
    settings = config.load()
    files = (find(wanted, settings.folder("reports")) for wanted in (base, head))
    run = compare(*files, folder=settings.root, command=("perfkit", *sys.argv[1:]))
    if output is not None:
        notes().print(f"run:    {write_run(run, output)}", markup=False)
    print_run(run, form)
    if github:
        publish(run, form)
    return run.outcome.exit_code
