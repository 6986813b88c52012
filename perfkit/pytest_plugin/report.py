"""``--perfkit-report``: the recordings of a session as one run, or as its HTML page."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from perfkit.model import Finding, Gate, Run, Span, Trace, pack, unpack

if TYPE_CHECKING:
    from perfkit.pytest_plugin.measured import Measured
    from perfkit.pytest_plugin.results import Results

_SHOWN = 3
_NEEDED_FOR_HTML = ("jinja2", "markdown_it", "matplotlib")


def check_path(config: pytest.Config) -> None:
    """Refuse, before any test runs, a place or a format that the report cannot have."""
    path = _path(config)
    if not path.name.endswith((".json", ".json.gz", ".html")):
        raise pytest.UsageError(
            f"--perfkit-report={path.name}: the name ends in .json, .json.gz or .html, which says the format"
        )
    if path.is_dir():
        raise pytest.UsageError(f"--perfkit-report={path.name} is a folder: name a file")
    if path.suffix == ".html":
        from importlib.util import find_spec

        for package in _NEEDED_FOR_HTML:
            if find_spec(package) is None:
                raise pytest.UsageError(
                    f"--perfkit-report: HTML needs {package}: pip install 'perfkit[report]', or name a .json"
                )


def _path(config: pytest.Config) -> Path:
    return config.invocation_params.dir / str(config.getoption("perfkit_report"))


def write(results: Results) -> Path:
    """Write the report; one that is there from before is replaced. Raises RunFileError if it cannot be."""
    from perfkit.model.storage import write_atomic, write_run

    path, run = _path(results.config), as_run(results)
    if path.suffix != ".html":
        return write_run(run, path)
    from perfkit.report.formats.html import render

    return write_atomic(path, render(run))


def as_run(results: Results) -> Run:
    """All recordings, one after another, each below a span that is named after its test."""
    from perfkit import __version__
    from perfkit.bench.environment import describe_machine
    from perfkit.rules.merging import merged

    tests = list(results.tests.values())
    trace, findings = _joined(tests)
    return Run(
        kind="trace",
        clock="wall",
        seed=0,
        machine=describe_machine(results.config.rootpath),
        perfkit=__version__,
        command=["pytest"],
        trace=pack(trace),
        findings=[_with_tests(finding, tests) for finding in merged(findings)],
        interrupted=results.interrupted,
        warnings=list(dict.fromkeys(warning for test in tests for warning in test.warnings)),
        gate=_gate(results, tests),
    )


def _joined(tests: Iterable[Measured]) -> tuple[Trace, list[Finding]]:
    """One trace of all spans, numbered anew, and the findings that point into it."""
    joined, findings = Trace("wall", 0, 0), list[Finding]()
    for test in tests:
        if test.trace is None:
            continue
        trace = unpack(test.trace)
        top = len(joined.spans) + 1
        counts = {name: value for name, value in test.counts.items() if isinstance(value, int)}
        joined.spans.append(Span(top, None, "span", test.nodeid, trace.start_ns, trace.end_ns, attrs=counts))
        joined.spans += [
            replace(span, id=span.id + top, parent=top + (span.parent or 0)) for span in trace.spans
        ]
        findings += [replace(f, span_ids=[number + top for number in f.span_ids]) for f in test.findings]
        joined.probes = sorted({*joined.probes, *trace.probes})
        joined.dropped += trace.dropped
    joined.start_ns = min((span.start_ns for span in joined.spans), default=0)
    joined.end_ns = max((span.end_ns for span in joined.spans), default=0)
    return joined, findings


def _with_tests(finding: Finding, tests: Iterable[Measured]) -> Finding:
    names = tests_with(finding, tests)
    return replace(finding, evidence=[*finding.evidence, f"in {shortened(names)}"])


def tests_with(finding: Finding, tests: Iterable[Measured]) -> list[str]:
    """The node ids of the tests that it was found in."""
    return [
        test.nodeid for test in tests if any(found.identity == finding.identity for found in test.findings)
    ]


def shortened(names: list[str]) -> str:
    """The first few of them, and how many more there are.

    >>> shortened(["a", "b", "c", "d", "e"])
    'a, b, c and 2 others'
    """
    more = len(names) - _SHOWN
    if more == 1:
        return ", ".join(names)
    return ", ".join(names[:_SHOWN]) + (f" and {more} others" if more > 0 else "")


def _gate(results: Results, tests: Iterable[Measured]) -> Gate | None:
    """What was checked: limits of markers, and baselines; None if nothing was."""
    mode = results.config.getoption("perfkit_baselines")
    gate = Gate(base="baselines" if mode else "limits", head="this session", notes=list(results.notes))
    for test in sorted(tests, key=lambda test: test.nodeid):
        gate.compared += test.checked
        gate.differences += [replace(d, says=d.says.partition("\n")[0]) for d in test.differences]
    gate.problems = list(results.problems)
    return gate if gate.compared or gate.differences or gate.problems else None
