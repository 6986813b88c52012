"""``perfkit analyze``: the rules over traces that others recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from perfkit import config
from perfkit.cli.bench import check_output
from perfkit.cli.show import Bar, Duration, Names, notes, print_run
from perfkit.errors import UnknownNameError, UsageError
from perfkit.ingest import FORMATS as INPUTS
from perfkit.report import FORMATS, OF_RESULTS

if TYPE_CHECKING:
    from perfkit.ingest import Analysis
    from perfkit.model import Run
    from perfkit.rules import Limits

STDOUT = Path("-")
INTERRUPTED = 130

_MB = 1_000_000


@click.command("analyze")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--format", "source", help=f"Format of the files: {', '.join(INPUTS)} (default: by content).")
@click.option(
    "-f", "forms", type=Names(), default="text", show_default=True, help=f"Show: {', '.join(OF_RESULTS)}."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here; text goes to stdout.")
@click.option("--force", is_flag=True, help="Replace the file named with -o.")
@click.option("--per-trace", is_flag=True, help="Do not add up the findings of all traces.")
@click.option("--min-spent", "min_spent_ns", type=Duration(), help="Leave out findings that cost less: 50ms.")
@click.option("--min-calls", type=click.IntRange(min=2), help="So many calls make a loop.")
@click.option(
    "--fail-on", help="Rules whose findings give exit code 1: PK101,n-plus-one-request, any or never."
)
def command(
    files: tuple[str, ...],
    source: str | None,
    forms: tuple[str, ...],
    output: Path | None,
    force: bool,
    per_trace: bool,
    min_spent_ns: int | None,
    min_calls: int | None,
    fail_on: str | None,
) -> int:
    """Find what slows a program in the traces it left: the rules over FILEs; - is standard input.

    Reads OTLP as JSON (the OpenTelemetry collector's file exporter), Jaeger's JSON, Chrome trace events and
    perfkit runs, each perhaps gzipped and of any size. Findings of the same problem in many traces are one.

    Exit code 1: a finding of --fail-on; 2: a file cannot be read; 3: there were no spans in it.
    """
    from perfkit.ingest import analyze

    settings = config.load()
    failing = _codes(settings.text("fail_on") if fail_on is None else fail_on)
    targets = _targets(forms, output, force)
    limits = _limits(settings, min_spent_ns, min_calls)
    with Bar("reading (MB)") as bar:
        analysis = analyze(
            files,
            form=source,
            limits=limits,
            per_trace=per_trace,
            progress=lambda done, total: bar(done // _MB, max(total, done) // _MB),
        )
    run = _as_run(analysis, files, settings.root)
    for form in forms:
        _write(run, form, targets.get(form))
    if analysis.interrupted:
        return INTERRUPTED
    return _exit_code(run, failing)


def _codes(text: str) -> frozenset[str]:
    """The rules named by code or name, in any case. Raises UnknownNameError with the nearest ones."""
    from perfkit.rules import available, load

    wanted = [part.strip().lower() for part in text.split(",") if part.strip()]
    if wanted in ([], ["never"]):
        return frozenset()
    names = {word.lower(): code for code in available() for word in (code, load(code).NAME)}
    if wanted == ["any"]:
        return frozenset(names.values())
    for name in wanted:
        if name not in names:
            raise UnknownNameError("rule", name, [*names, "any", "never"])
    return frozenset(names[name] for name in wanted)


def _limits(settings: config.Config, min_spent_ns: int | None, min_calls: int | None) -> Limits:
    from msgspec.structs import replace

    from perfkit.rules import Limits

    limits = Limits.of(settings)
    if min_spent_ns is not None:
        limits = replace(limits, min_spent_ms=min_spent_ns / 1e6)
    if min_calls is not None:
        limits = replace(limits, min_calls=min_calls, min_calls_imported=min_calls)
    return limits


def _targets(forms: tuple[str, ...], output: Path | None, force: bool) -> dict[str, Path]:
    """The file of each format that is written to one; refused before anything is read if it cannot be."""
    if not forms:
        raise UsageError(f"-f names no format; known: {', '.join(OF_RESULTS)}")
    for form in forms:
        if form not in OF_RESULTS:
            raise UnknownNameError("format", form, OF_RESULTS)
    others = [form for form in forms if form != "text"]
    if output is None or output == STDOUT:
        if len(others) > 1:
            raise UsageError(f"{' and '.join(others)} cannot both go to stdout; name a file with -o")
        if others == ["html"] and output is None:
            raise UsageError("html is for a file; name one with -o (- is stdout)")
        return {}
    if not others:
        raise UsageError("-o is for another format than text: add -f json, sarif, html ...")
    targets = {
        form: output if len(others) == 1 else output.with_suffix(FORMATS[form].suffix) for form in others
    }
    for target in targets.values():
        check_output(target, force)
    return targets


def _as_run(analysis: Analysis, files: tuple[str, ...], folder: Path) -> Run:
    from perfkit import __version__
    from perfkit.bench.environment import describe_machine
    from perfkit.model import Run
    from perfkit.model.plain import text

    return Run(
        kind="analysis",
        clock=analysis.clock,
        seed=0,
        machine=describe_machine(folder),
        perfkit=__version__,
        command=["perfkit", "analyze", *(text(name) for name in files)],
        findings=analysis.findings,
        interrupted=analysis.interrupted,
        warnings=[*analysis.remarks, *analysis.imported.left_out],
        imported=analysis.imported,
    )


def _write(run: Run, form: str, target: Path | None) -> None:
    from perfkit.model.storage import write_atomic
    from perfkit.report import render

    if target is not None:
        notes().print(f"report: {write_atomic(target, render(run, form))}", markup=False)
    else:
        print_run(run, form)


def _exit_code(run: Run, failing: frozenset[str]) -> int:
    return 1 if any(finding.rule in failing for finding in run.findings) else run.outcome.exit_code
