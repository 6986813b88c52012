"""``--github``: a step of GitHub Actions gets a summary, and annotations beside the lines."""

from __future__ import annotations

import click

from perfkit.cli.show import notes
from perfkit.model.run import Run

HELP = "In GitHub Actions: write the step's summary, and annotations for the changed lines."
"""Of the option, for all verbs that have it."""

ON_STDOUT = ("text", "md")
"""Formats behind which annotations do no harm; with others they go to stderr, which the runner reads, too."""


def check_github(wanted: bool) -> None:
    """Refuse, before anything is measured, what cannot be written then."""
    if wanted:
        from perfkit.report.formats.summary import summary_path

        summary_path()


def publish(run: Run, form: str = "text") -> None:
    """Write the summary, then the annotations, unless ``form`` has shown them already."""
    from perfkit.report import render
    from perfkit.report.formats.summary import write_summary

    written = write_summary(run)
    said = f"summary: {written}" if written else "the step's summary is full; nothing was added to it"
    notes().print(said, markup=False)
    if form != "github":
        click.echo(render(run, "github"), nl=False, err=form not in ON_STDOUT)
