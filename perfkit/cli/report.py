"""``perfkit report``: a stored run, shown again in any format."""

from __future__ import annotations

from pathlib import Path

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.show import Names, notes, results
from perfkit.errors import RunFileError, UnknownNameError, UsageError
from perfkit.model.run import Run
from perfkit.report import FORMATS, render

STDOUT = Path("-")


@click.command("report")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "-f", "--format", "forms", type=Names(), default="html", show_default=True, help=", ".join(FORMATS) + "."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here; - is stdout.")
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
def command(run: Path | None, forms: tuple[str, ...], output: Path | None, force: bool) -> int:
    """Show the stored RUN; without one, the newest in the reports folder.

    text, and github (annotations for a step of GitHub Actions), go to stdout; other formats to a file beside
    the run, or to the one named with -o.
    """
    from perfkit.model.storage import read_run

    for form in forms:
        if form not in FORMATS:
            raise UnknownNameError("format", form, FORMATS)
    if output not in (None, STDOUT):
        if len(forms) > 1:
            raise UsageError("-o names one file; ask for one format with -f, or leave -o out")
        check_output(output, force)
    source = run or newest(config.load().folder("reports"))
    loaded = read_run(source)
    for form in forms:
        _write(loaded, form, output, source)
    return 0


def _write(run: Run, form: str, output: Path | None, source: Path) -> None:
    """In one format, to where it belongs."""
    from perfkit.model.storage import write_atomic
    from perfkit.report.files import beside

    shown = output == STDOUT or (output is None and FORMATS[form].to_stdout)
    if shown and form == "text":
        _show(run)
    elif shown:
        click.echo(render(run, form), nl=False)
    else:
        target = output or beside(source, FORMATS[form].suffix)
        if target.resolve() == source.resolve():
            raise UsageError(f"{target} is the run itself; name another file with -o, or - for stdout")
        notes().print(f"report: {write_atomic(target, render(run, form))}", markup=False)


def newest(folder: Path) -> Path:
    """The run stored last in ``folder``. Raises RunFileError when there is none."""
    runs = [path for path in folder.glob("*.json*") if path.name.endswith((".json", ".json.gz"))]
    if not runs:
        raise RunFileError(f"there is no run in {folder}; make one with perfkit bench, or name a file")
    return max(runs, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _show(run: Run) -> None:
    from perfkit.report.terminal.terminal import render_terminal

    render_terminal(run, results())
