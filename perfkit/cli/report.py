"""``perfkit report``: a stored run, shown again in any format; the index of all; both over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.browser import open_page
from perfkit.cli.github import HELP, check_github, publish
from perfkit.cli.index import refresh_after
from perfkit.cli.show import Bar, Names, notes, print_run
from perfkit.errors import UnknownNameError, UsageError
from perfkit.model.run import Run
from perfkit.report import FORMATS, render

STDOUT = Path("-")


@click.command("report")
@click.argument("run", required=False)
@click.argument("base", required=False)
@click.option(
    "-f", "--format", "forms", type=Names(), default="html", show_default=True, help=", ".join(FORMATS) + "."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here; - is stdout.")
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("--open", "opened", is_flag=True, help="Open the page in $BROWSER, or the default browser.")
@click.option("--index", is_flag=True, help="Write the page that lists all stored runs, with their trends.")
@click.option("--serve", is_flag=True, help="Serve the stored runs over HTTP until Ctrl-C.")
@click.option("--host", help="Where --serve listens.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="0: any free one.  [default: 8700, or a free one]"
)
@click.option("--github", is_flag=True, help=HELP)
@click.pass_context
def command(
    ctx: click.Context,
    run: str | None,
    base: str | None,
    forms: tuple[str, ...],
    output: Path | None,
    force: bool,
    opened: bool,
    index: bool,
    serve: bool,
    host: str | None,
    port: int | None,
    github: bool,
) -> int:
    """Show the stored RUN; without one, the newest. With BASE: what changed since that run.

    A run is a file, the name of one in the reports folder or its beginning, "latest", or "previous": the run
    before RUN that measured the same.

    text, and github (annotations for a step of GitHub Actions), go to stdout; other formats to a file beside
    the run, or to the one named with -o. --github alone writes no other file.

    The exit code says whether that could be done, not what the verdict is: perfkit compare and perfkit gate
    end with 1 when something is worse.
    """
    _check_together(ctx)
    folder = config.load().folder("reports")
    if serve:
        from perfkit.cli.serve_report import DEFAULT_HOST, serve_folder

        return serve_folder(folder, host or DEFAULT_HOST, port, opened=opened)
    if index:
        _write_index(folder, opened=opened)
        return 0
    _check_forms(forms, output, force, opened=opened)
    check_github(github)
    if github and not _given(ctx, "forms", "output", "opened"):
        forms = ()
    loaded, beside = _load(run, base, folder)
    written = {form: _write(loaded, form, output, beside) for form in forms}
    _refresh(written.values(), folder)
    if github:
        publish(loaded, _on_stdout(forms, output))
    if opened and (page := written["html"]) is not None:
        _open(page)
    return 0


def _check_forms(forms: tuple[str, ...], output: Path | None, force: bool, *, opened: bool) -> None:
    """Refuse what cannot be written, or not opened, before anything is read."""
    if not forms:
        raise UsageError(f"-f names no format; known: {', '.join(FORMATS)}")
    for form in forms:
        if form not in FORMATS:
            raise UnknownNameError("format", form, FORMATS)
    if opened and ("html" not in forms or output == STDOUT):
        raise UsageError("--open opens a page: ask for -f html, and not for stdout")
    if output is not None and len(forms) > 1:
        raise UsageError("-o names one file; ask for one format with -f, or leave -o out")
    if output not in (None, STDOUT):
        check_output(output, force)


def _on_stdout(forms: tuple[str, ...], output: Path | None) -> str:
    """The format on stdout that annotations have to mind."""
    shown = [form for form in forms if output == STDOUT or (output is None and FORMATS[form].to_stdout)]
    return next((form for form in ("github", *shown) if form in shown), "text")


def _given(ctx: click.Context, *names: str) -> list[str]:
    """Those of the options that were written on the command line."""
    return [
        name for name in names if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    ]


_SHOWN = {"forms": "-f", "output": "-o", "opened": "--open", "run": "RUN", "base": "BASE"}


def _check_together(ctx: click.Context) -> None:
    """Refuse options that would be ignored."""
    alone = ("run", "base", "forms", "output", "force", "github")
    for mode, others in (("serve", (*alone, "index")), ("index", alone)):
        if ctx.params[mode] and (wrong := _given(ctx, *others)):
            raise UsageError(
                f"--{mode} does not go with {_SHOWN.get(wrong[0], f'--{wrong[0]}')}; leave one out"
            )
    if not ctx.params["serve"] and (wrong := _given(ctx, "host", "port")):
        raise UsageError(f"--{wrong[0]} is for --serve; add that, or leave it out")


def _load(wanted: str | None, wanted_base: str | None, folder: Path) -> tuple[Run, Path]:
    """The run, against its base if one is named; and the stored file that its reports lie beside."""
    from perfkit.model.storage import read_run
    from perfkit.report.index import PREVIOUS, against_name, find, latest, previous

    source = latest(folder) if wanted is None else find(wanted, folder)
    run = read_run(source)
    if wanted_base is None:
        return run, source
    from perfkit.bench.compare import against

    base = previous(source, folder) if wanted_base == PREVIOUS else find(wanted_base, folder)
    if base.resolve() == source.resolve():
        raise UsageError(f"{source} is both RUN and BASE; name another run as BASE")
    name = against_name(source, base)
    compared = against(run, read_run(base), base_name=base.name, head_name=source.name)
    return compared, source.with_name(f"{name}.json")


def _write(run: Run, form: str, output: Path | None, source: Path) -> Path | None:
    """In one format, to where it belongs; the file, if it is one."""
    from perfkit.model.storage import write_atomic
    from perfkit.report.files import beside

    shown = output == STDOUT or (output is None and FORMATS[form].to_stdout)
    if shown:
        print_run(run, form)
        return None
    target = output or beside(source, FORMATS[form].suffix)
    if source.exists() and target.resolve() == source.resolve():
        raise UsageError(f"{target} is the run itself; name another file with -o, or - for stdout")
    written = write_atomic(target, render(run, form))
    notes().print(f"report: {written}", markup=False)
    return written


def _write_index(folder: Path, *, opened: bool) -> None:
    from perfkit.report.index import refresh

    with Bar("reading runs") as bar:
        page = refresh(folder, progress=bar)
    notes().print(f"index: {page}", markup=False)
    if opened:
        _open(page)


def _refresh(written: Iterable[Path | None], folder: Path) -> None:
    """An index that is there gets the links of the new files; one that is not is not asked for."""
    from perfkit.report.index import INDEX

    for path in written:
        if path is not None and (folder / INDEX).exists():
            refresh_after(path, folder)
            return


def _open(page: Path) -> None:
    """That there is no browser is no failure: the page is written, and where it is was said."""
    if not open_page(page.resolve().as_uri()):
        notes().print("no browser was found here; open the file above, or name one in $BROWSER", markup=False)
