"""``perfkit report``: a stored run, shown again in any format."""

from __future__ import annotations

from pathlib import Path

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.show import Names, notes, results
from perfkit.errors import RunFileError, UnknownNameError, UsageError
from perfkit.model.run import Run

STDOUT = Path("-")


@click.command("report")
@click.argument("run", required=False, type=click.Path(path_type=Path))
@click.option(
    "-f", "--format", "forms", type=Names(), default="html", show_default=True, help="text,html,json,otlp"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here; - is stdout.")
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
def command(run: Path | None, forms: tuple[str, ...], output: Path | None, force: bool) -> int:
    """Show the stored RUN; without one, the newest in the reports folder.

    text goes to stdout; other formats to a file beside the run, or to the one named with -o.
    """
    from perfkit.model.storage import read_run, write_atomic
    from perfkit.report import FORMATS, render
    from perfkit.report.files import beside

    for form in forms:
        if form != "text" and form not in FORMATS:
            raise UnknownNameError("format", form, [*FORMATS, "text"])
    if output not in (None, STDOUT):
        if len(forms) > 1:
            raise UsageError("-o names one file; ask for one format with -f, or leave -o out")
        check_output(output, force)
    source = run or newest(config.load().folder("reports"))
    loaded = read_run(source)
    for form in forms:
        if form == "text":
            _show(loaded)
            continue
        data = render(loaded, form)
        if output == STDOUT:
            click.echo(data, nl=False)
        else:
            target = output or beside(source, FORMATS[form][1])
            if target.resolve() == source.resolve():
                raise UsageError(f"{target} is the run itself; name another file with -o, or - for stdout")
            notes().print(f"report: {write_atomic(target, data)}", markup=False)
    return 0


def newest(folder: Path) -> Path:
    """The run stored last in ``folder``. Raises RunFileError when there is none."""
    runs = [path for path in folder.glob("*.json*") if path.name.endswith((".json", ".json.gz"))]
    if not runs:
        raise RunFileError(f"there is no run in {folder}; make one with perfkit bench, or name a file")
    return max(runs, key=lambda path: (path.stat().st_mtime_ns, path.name))


def _show(run: Run) -> None:
    from perfkit.report.terminal import render_terminal

    render_terminal(run, results())
