"""``compare``: two files in, one Run of kind "compare" out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from perfkit.bench.compare import times
from perfkit.bench.compare.cells import compare_cells
from perfkit.bench.compare.compared import Compared, only_one
from perfkit.bench.compare.counters import compare_counters
from perfkit.bench.compare.formats import load
from perfkit.bench.compare.stored import Stored
from perfkit.bench.environment import describe_machine
from perfkit.errors import NothingToCompareError, UsageError
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
    gate = Gate(base=_name(base, before), head=_name(head, after), strict=False)
    gate.notes += dict.fromkeys([*before.notes, *after.notes])
    if base_data == head_data:
        gate.notes.append("The two files are the same, byte for byte.")
    _cells(before, after, gate)
    _times(before, after, gate, same=base_data == head_data)
    if not gate.compared and not gate.timings and not gate.differences:
        raise NothingToCompareError(_nothing(base, before, head, after))
    return Run(
        kind="compare",
        clock=after.run.clock if after.run is not None else "wall",
        seed=after.run.seed if after.run is not None else 0,
        machine=describe_machine(folder or Path.cwd()),
        perfkit=__version__,
        command=list(command),
        gate=gate,
    )


def _name(path: Path, stored: Stored) -> str:
    """The file, and the revision it was measured at if it says so. No folder: a report may travel."""
    git = stored.run.machine.git if stored.run is not None else None
    return f"{path.name} ({git.revision[:12]})" if git is not None else path.name


def _cells(base: Stored, head: Stored, gate: Gate) -> None:
    """Of two bench runs, what is exact; only what they were measured with where that was not the same."""
    _take(compare_counters(base, head), gate)
    if base.run is None or head.run is None or head.run.kind != "bench":
        return
    if base.run.seed != head.run.seed:
        seeds = f"{base.run.seed} and {head.run.seed}"
        says = f"measured with seeds {seeds}, so with other data and other luck: use one --seed"
        gate.differences.append(Difference("", "", Change.INPUTS, "seed", says=says))
        return
    if base.run.perfkit != head.run.perfkit:
        gate.notes.append(
            f"Made by perfkit {base.run.perfkit} and {head.run.perfkit}; mocks may have changed."
        )
    _take(compare_cells(base.run, head.run), gate)
    for side, run in (("base", base.run), ("head", head.run)):
        if run.interrupted:
            gate.problems.append(f"{side} was interrupted: not all of it could be compared")


def _take(found: Compared, gate: Gate) -> None:
    gate.compared += found.lines
    gate.differences += found.differences
    gate.notes += found.notes


def _times(base: Stored, head: Stored, gate: Gate, *, same: bool) -> None:
    if same:
        gate.timings += times.unchanged(base)
        return
    gate.timings += times.timings(base, head)
    gate.notes += only_one("", base.benchmarks, head.benchmarks)
    if gate.timings:
        gate.notes.append(times.ONE_MOMENT)


def _nothing(base: Path, before: Stored, head: Path, after: Stored) -> str:
    names = [", ".join(list(stored.benchmarks)[:MAX_NAMES]) or "none" for stored in (before, after)]
    rename = " Name them alike with hyperfine -n NAME." if after.tool == "hyperfine" else ""
    return f"no benchmark is in both files: {base} has {names[0]}; {head} has {names[1]}.{rename}"
