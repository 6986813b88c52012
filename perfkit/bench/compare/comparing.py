"""``compare``: two files in, one Run of kind "compare" out; ``against``: a run beside another one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from perfkit.bench.compare import times
from perfkit.bench.compare.cells import compare_cells
from perfkit.bench.compare.compared import Compared, only_one
from perfkit.bench.compare.counters import compare_counters
from perfkit.bench.compare.formats import load
from perfkit.bench.compare.formats.perfkit import stored_of
from perfkit.bench.compare.stored import Stored
from perfkit.bench.compare.traces import compare_traces
from perfkit.bench.environment import describe_machine
from perfkit.errors import NothingToCompareError, RunFileError, UsageError
from perfkit.model import Change, Difference, Gate, Run

MAX_NAMES = 5


def compare(base: Path, head: Path, *, folder: Path | None = None, command: Sequence[str] = ()) -> Run:
    """What ``head`` does better and worse than ``base``, both stored by the same tool.

    Raises RunFileError for a file that cannot be read, UsageError for two of different kinds and
    NothingToCompareError where nothing is in both.
    """
    from perfkit import __version__

    (base_data, before), (head_data, after) = load(base), load(head)
    if before.tool != after.tool:
        raise UsageError(
            f"{base} is a run of {before.tool} and {head} one of {after.tool}; compare two of one kind"
        )
    names, same = (_name(base, before), _name(head, after)), base_data == head_data
    gate = _gate(before, after, names, "The two files are the same, byte for byte." if same else "")
    if not gate.compared and not gate.timings and not gate.differences:
        raise NothingToCompareError(_nothing(str(base), before, str(head), after))
    return Run(
        kind="compare",
        clock=after.run.clock if after.run is not None else "wall",
        seed=after.run.seed if after.run is not None else 0,
        machine=describe_machine(folder or Path.cwd()),
        perfkit=__version__,
        command=list(command),
        gate=gate,
    )


def against(head: Run, base: Run, *, base_name: str, head_name: str) -> Run:
    """``head`` as it is, with what changed since ``base`` as its ``gate``: what a report shows of it.

    Neither run is changed. Names are told as they are given, with the revision where it is known. Raises
    NothingToCompareError for runs of different kinds or clocks, and where nothing is in both.
    """
    before, after = _stored(base, base_name), _stored(head, head_name)
    if before.tool != after.tool:
        raise NothingToCompareError(
            f"{base_name} is a run of {before.tool} and {head_name} one of {after.tool}; name two of one kind"
        )
    names = _revision(base_name, base), _revision(head_name, head)
    gate = _gate(before, after, names, "The two runs are the same." if base == head else "")
    if not gate.compared and not gate.timings and not gate.differences:
        raise NothingToCompareError(_nothing(base_name, before, head_name, after))
    return replace(head, gate=gate)


def _stored(run: Run, name: str) -> Stored:
    try:
        return stored_of(run, name)
    except RunFileError as error:
        raise NothingToCompareError(str(error)) from error


def _gate(base: Stored, head: Stored, names: tuple[str, str], same: str) -> Gate:
    """``same`` says that both are one and the same, if they are."""
    gate = Gate(base=names[0], head=names[1], strict=False)
    gate.notes += dict.fromkeys([*base.notes, *head.notes, *filter(None, [same])])
    _runs(base, head, gate)
    _times(base, head, gate, same=bool(same))
    return gate


def _name(path: Path, stored: Stored) -> str:
    """The file, and the revision it was measured at if it says so. No folder: a report may travel."""
    return _revision(path.name, stored.run) if stored.run is not None else path.name


def _revision(name: str, run: Run) -> str:
    return f"{name} ({run.machine.git.revision[:12]})" if run.machine.git is not None else name


def _runs(base: Stored, head: Stored, gate: Gate) -> None:
    """Of two runs of perfkit, what is exact; of runs made with other seeds only that."""
    _take(compare_counters(base, head), gate)
    if base.run is None or head.run is None or head.run.kind == "gate":
        return
    if base.run.perfkit != head.run.perfkit:
        gate.notes.append(
            f"Made by perfkit {base.run.perfkit} and {head.run.perfkit}; mocks may have changed."
        )
    if head.run.kind == "bench":
        _cells(base.run, head.run, gate)
    else:
        _take(compare_traces(base.run, head.run), gate)


def _cells(base: Run, head: Run, gate: Gate) -> None:
    if base.seed != head.seed:
        says = (
            f"measured with seeds {base.seed} and {head.seed}, so with other data and other luck: "
            "use one --seed"
        )
        gate.differences.append(Difference("", "", Change.INPUTS, "seed", says=says))
        return
    _take(compare_cells(base, head), gate)
    for side, run in (("base", base), ("head", head)):
        if run.interrupted:
            gate.problems.append(f"{side} was interrupted: not all of it could be compared")


def _take(found: Compared, gate: Gate) -> None:
    gate.compared += found.lines
    gate.differences += found.differences
    gate.notes += found.notes
    gate.problems += found.problems


def _times(base: Stored, head: Stored, gate: Gate, *, same: bool) -> None:
    if same:
        gate.timings += times.unchanged(base)
        return
    gate.timings += times.timings(base, head)
    gate.notes += only_one("", base.benchmarks, head.benchmarks)
    if gate.timings:
        gate.notes.append(times.ONE_MOMENT)


def _nothing(base: str, before: Stored, head: str, after: Stored) -> str:
    names = [", ".join(_named(stored)[:MAX_NAMES]) or "none" for stored in (before, after)]
    rename = " Name them alike with hyperfine -n NAME." if after.tool == "hyperfine" else ""
    what = "scenario" if after.run is not None and after.run.scenarios else "benchmark"
    return f"no {what} is in both files: {base} has {names[0]}; {head} has {names[1]}.{rename}"


def _named(stored: Stored) -> list[str]:
    """What can be compared, by name."""
    scenarios = stored.run.scenarios if stored.run is not None else []
    return [scenario.name for scenario in scenarios] or list(stored.benchmarks)
