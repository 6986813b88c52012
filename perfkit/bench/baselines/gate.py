"""``perfkit gate`` against baselines: scenarios in, a Run out; and their update."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from perfkit.bench.baselines import wording
from perfkit.bench.baselines.again import confirm_peaks
from perfkit.bench.baselines.comparing import compare
from perfkit.bench.baselines.document import Baseline
from perfkit.bench.baselines.measuring import GatePlan, Measurement, Progress, measure
from perfkit.bench.baselines.updating import dropped_minors, updated
from perfkit.bench.environment import describe_machine
from perfkit.bench.harness import Plan
from perfkit.bench.scenario import Scenario
from perfkit.bench.targets.alone import enter_alone
from perfkit.bench.targets.places import check_profile
from perfkit.bench.targets.profile import NONE, Profile
from perfkit.errors import BaselineError, NothingToCompareError
from perfkit.model import Difference, Gate, Run


def gate(
    scenarios: Sequence[Scenario],
    folder: Path,
    plan: GatePlan,
    *,
    known: Iterable[str] = (),
    command: Sequence[str] = (),
    progress: Progress | None = None,
    targets: Profile = NONE,
) -> Run:
    """Measure ``scenarios`` and compare them with their files in ``folder``; then what ``targets`` are about.

    ``known`` are the names of all scenarios, if all are gated: the file of another one is named as vanished.
    Raises NothingToCompareError when none of the scenarios has a baseline, BaselineError for a bad file,
    ConfigError for a target of what does not exist.
    """
    _refuse_none(scenarios)
    check_profile(targets, scenarios)
    started_ns = time.perf_counter_ns()
    files = {s.name: _read(path_of(folder, s.name)) for s in scenarios if path_of(folder, s.name).exists()}
    run = new_run(plan, command)
    result = Gate(base=folder.name, head="this tree")
    run.gate = result
    for scenario in scenarios:
        if scenario.name not in files:
            result.differences.append(_missing_file(scenario.name))
    if not files:
        raise NothingToCompareError(
            f"none of {', '.join(s.name for s in scenarios)} has a baseline in {folder}; "
            "record them: perfkit gate --update all"
        )
    gated = [s for s in scenarios if s.name in files]
    measured = measure(gated, plan, progress)
    confirm_peaks(gated, files, measured, plan)
    for name, baseline in sorted(files.items()):
        _enter(result, baseline, measured, name)
    result.differences += _left_files(folder, known)
    enter_alone(run, scenarios, targets, _plan_of_targets(plan))
    run.machine.real_ns = time.perf_counter_ns() - started_ns
    return run


def update(
    scenarios: Sequence[Scenario],
    folder: Path,
    plan: GatePlan,
    *,
    reason: str = "",
    progress: Progress | None = None,
) -> list[str]:
    """Measure ``scenarios`` and write their files; a sentence about each.

    Raises BaselineError for a growth class that gets worse without a reason: then no file is written.
    """
    _refuse_none(scenarios)
    paths = {s.name: path_of(folder, s.name) for s in scenarios}
    before = {name: _read(path) if path.exists() else None for name, path in paths.items()}
    measured = measure(scenarios, plan, progress)
    _refuse_empty(measured)
    after: dict[str, Baseline] = {}
    for name, was in before.items():
        new = measured.baselines[name]
        _keep_missing(was, new, measured)
        after[name] = updated(was, new, reason)
    return [
        sentence for name in after for sentence in _write(paths[name], before[name], after[name], measured)
    ]


def _plan_of_targets(plan: GatePlan) -> Plan:
    return Plan(
        seed=plan.seed,
        databases=plan.databases,
        timeout_s=plan.timeout_s,
        limit_s=plan.limit_s,
        workers=plan.workers,
    )


def path_of(folder: Path, scenario: str) -> Path:
    """The file of a scenario's baseline."""
    return folder / f"{scenario}.toml"


def _refuse_none(scenarios: Sequence[Scenario]) -> None:
    if not scenarios:
        raise NothingToCompareError("there is no scenario to gate; name one, or see perfkit list")


def _read(path: Path) -> Baseline:
    """The baseline of the scenario that the file is named for; BaselineError for that of another."""
    baseline = Baseline.read(path)
    if (baseline.kind, baseline.name) != ("scenario", path.stem):
        what = "scenario" if baseline.kind == "scenario" else "tests"
        raise BaselineError(
            f"{path} is the baseline of {what} {baseline.name}, not of scenario {path.stem}. Rename it, or "
            "delete it and record anew with --update"
        )
    return baseline


def new_run(plan: GatePlan, command: Sequence[str]) -> Run:
    """An empty run of the gate."""
    from perfkit import __version__

    machine = describe_machine(Path.cwd())
    return Run("gate", "virtual", plan.seed, machine, perfkit=__version__, command=list(command))


def _enter(result: Gate, baseline: Baseline, measured: Measurement, name: str) -> None:
    """Compare one scenario; entries that could not be measured are neither compared nor vanished."""
    missing = {entry: why for (of, entry), why in measured.missing.items() if of == name}
    there = {entry: of for entry, of in baseline.entries.items() if entry not in missing}
    found = compare(replace(baseline, entries=there), measured.baselines[name])
    result.differences += found.differences
    result.notes += found.notes
    result.compared += found.compared
    for entry, why in sorted(missing.items()):
        result.differences.append(
            wording.Maker(baseline, entry).missing(
                f"{name}: {entry} was not measured, so not compared: {why}"
            )
        )


def _missing_file(name: str) -> Difference:
    baseline = Baseline(name)
    return wording.Maker(baseline, "").missing(
        f"{name} has no baseline: nothing to compare with; record it: perfkit gate --update {name}"
    )


def _left_files(folder: Path, known: Iterable[str]) -> list[Difference]:
    names = set(known)
    left = sorted(path for path in folder.glob("*.toml") if names and path.stem not in names)
    return [wording.left_file(path.stem, f"{folder.name}/{path.name}") for path in left]


def _refuse_empty(measured: Measurement) -> None:
    for name, baseline in measured.baselines.items():
        if not baseline.entries:
            whys = [why for (of, _), why in measured.missing.items() if of == name]
            raise NothingToCompareError(
                f"nothing of {name} could be measured: {whys[0] if whys else 'it has no virtual clock'}"
            )


def _keep_missing(was: Baseline | None, new: Baseline, measured: Measurement) -> None:
    """What cannot be measured here stays as it was recorded elsewhere."""
    for of, entry in measured.missing:
        if was is not None and of == new.name and entry in was.entries:
            new.entries[entry] = was.entries[entry]


def _write(path: Path, before: Baseline | None, after: Baseline, measured: Measurement) -> list[str]:
    if before is not None and before.text() == after.text():
        return [f"{after.name}: nothing to update"]
    after.write(path)
    said = [f"{after.name}: {'recorded' if before is None else 'updated'} in {path}"]
    if before is not None and (dropped := dropped_minors(before, after)):
        said.append(
            f"{after.name}: bytecodes and memory of Python {', '.join(dropped)} were dropped where entries "
            "changed; update under it, too"
        )
    return said + [
        f"{after.name}: {entry} was not measured: {why}"
        for (of, entry), why in sorted(measured.missing.items())
        if of == after.name
    ]
