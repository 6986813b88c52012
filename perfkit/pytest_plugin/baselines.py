"""Baselines of test modules: one file each, an entry for each perf test, compared exactly.

They lie in a folder of their own below the other baselines: perf-baselines/pytest/tests/test_views.toml.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from perfkit.bench.baselines import Baseline, Comparison, Entry, compare, entry_of, updated
from perfkit.bench.baselines.metrics import finding_metric
from perfkit.config import load
from perfkit.errors import BaselineError, PerfkitError
from perfkit.model import Change, Difference, Finding, Trace
from perfkit.pytest_plugin import alone
from perfkit.pytest_plugin.measured import Measured
from perfkit.rules import Limits, check

if TYPE_CHECKING:
    import pytest

    from perfkit.pytest_plugin.calls import Call

FOLDER = "pytest"
RECORD = "--perfkit-baselines=update"


class Baselines:
    """The files of the modules that run here, each read once."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._read: dict[str, Baseline | None] = {}

    def of(self, done: Measured) -> Entry | None:
        """What the baseline says of that test, or None. Raises BaselineError for a file that is damaged."""
        if done.module not in self._read:
            path = path_of(self._config, done.module)
            self._read[done.module] = Baseline.read(path) if path.exists() else None
        baseline = self._read[done.module]
        return baseline.entries.get(done.name) if baseline is not None else None

    def held_against(self, item: pytest.Item, done: Measured, mode: str) -> None:
        """Note in ``done`` what differs from the baseline or, to update that, what the test does alone."""
        try:
            before = self.of(done)
            if before is None and mode == "check":
                done.differences.append(_missing(self._config, done))
                return
            same = before is not None and not _compared(done, before).differences
            if not same:
                done.entry = alone.measure(item).entry
            if before is not None and mode == "check":
                found = _compared(done, before)
                done.recovered = not same and not found.differences
                done.checked += found.compared
                done.differences += found.differences
        except PerfkitError as error:
            done.entry = None
            done.differences.append(Difference("", "", Change.MISSING, "baseline", says=str(error)))

    def unknown(self, done: Measured, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that the test's entry does not have; all of them if it has none."""
        entry = self.of(done)
        known = {line for state in entry.states.values() for line in state} if entry is not None else set()
        return [finding for finding in findings if finding_metric(finding) not in known]


def steady(call: Call) -> list[Finding]:
    """The findings that do not depend on how busy the machine was: those without steps that took long."""
    trace = call.recording.trace
    calm = msgspec.structs.replace(trace, spans=[span for span in trace.spans if span.kind != "blocked"])
    if len(calm.spans) == len(trace.spans):
        return call.recording.findings()
    return check(calm, Limits.of(load(call.item.config.rootpath)))


def entry_text(trace: Trace, findings: list[Finding]) -> str:
    """What a baseline says of one test, as text: operations, rows and findings.

    Depth and bytes are left out: on a wall clock they are chance.
    """
    entry = entry_of(trace, findings)
    metrics = entry.states["cold"]
    for metric in [m for m in metrics if m == "depth" or m.startswith("bytes_")]:
        del metrics[metric]
    for total in ("query", "request"):  # a test that does nothing has an entry, too
        metrics.setdefault(total, {0: 0})
    return msgspec.json.encode(entry).decode()


def _compared(done: Measured, before: Entry) -> Comparison:
    baseline = Baseline(name=done.module, kind="tests", entries={done.name: before})
    return compare(baseline, _of_module(done.module, [done]))


def _of_module(module: str, tests: Iterable[Measured]) -> Baseline:
    entries = {test.name: msgspec.json.decode(test.entry or "", type=Entry) for test in tests}
    return Baseline(name=module, kind="tests", entries=entries)


def _missing(config: pytest.Config, done: Measured) -> Difference:
    says = (
        f"{_shown(config, done.module)} has no entry for this test. Record it: pytest {RECORD} {done.module}"
    )
    return Difference(done.module, done.name, Change.MISSING, "baseline", says=says)


def path_of(config: pytest.Config, module: str) -> Path:
    """Where the baseline of a module lies."""
    return load(config.rootpath).folder("baselines") / FOLDER / Path(module).with_suffix(".toml")


def _shown(config: pytest.Config, module: str) -> str:
    return os.path.relpath(path_of(config, module), config.rootpath).replace(os.sep, "/")


def vanished(config: pytest.Config, module: str, names: Iterable[str]) -> list[str]:
    """A sentence for each entry of the module's baseline whose test, of a module that ran whole, is gone."""
    path = path_of(config, module)
    if not path.exists():
        return []
    gone = sorted(set(Baseline.read(path).entries) - set(names))
    return [
        f"{_shown(config, module)}: {name} is no longer there. Record that: pytest {RECORD} {module}"
        for name in gone
    ]


def orphans(config: pytest.Config) -> list[str]:
    """A sentence for each baseline whose module is no longer there."""
    found = []
    for path in sorted((load(config.rootpath).folder("baselines") / FOLDER).rglob("*.toml")):
        module = Baseline.read(path).name
        if not (config.rootpath / module).exists():
            found.append(f"{_shown(config, module)}: {module} is no longer there. Delete the file.")
    return found


def remove(config: pytest.Config, module: str) -> str:
    """Delete the baseline of a module without perf tests; returns a sentence, or "" if there was none."""
    path = path_of(config, module)
    if not path.exists():
        return ""
    path.unlink()
    return f"removed {_shown(config, module)}: {module} has no perf tests any more"


def write(config: pytest.Config, module: str, tests: list[Measured], whole: set[str] | None) -> str:
    """Rewrite a module's baseline; returns a sentence, or "" where nothing changed.

    ``whole``: all tests of the module if it ran whole; entries of others are then dropped. Raises
    BaselineError where a test got worse and no reason is given.
    """
    path, reason = path_of(config, module), str(config.getoption("perfkit_reason") or "").strip()
    now = _of_module(module, tests)
    if not path.exists():
        updated(None, now, reason).write(path)
        return f"recorded {_shown(config, module)}"
    before = Baseline.read(path)
    worse = [d for d in compare(before, now, partial=True).differences if (d.after or 0) > (d.before or 0)]
    if worse and not reason:
        raise BaselineError(
            f"{_shown(config, module)} was not updated, for {worse[0].entry} got worse. "
            f'Say why it may: --perfkit-reason "..."'
        )
    kept = set(before.entries) - set(now.entries)
    now.entries |= {name: before.entries[name] for name in kept if whole is None or name in whole}
    new = updated(before, now, reason)
    if new.text() == before.text():
        return ""
    new.write(path)
    return f"recorded {_shown(config, module)}"
