"""A baseline: what was measured of a scenario or a test module, entry by entry; and its file.

The file is TOML, written sorted with one metric a line, so that a change of it reads like one of the code.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

from perfkit.bench.baselines.places import Paths, Place
from perfkit.bench.baselines.toml import document, inline
from perfkit.errors import BaselineError, NothingToCompareError, RunFileError
from perfkit.model import Finding, Frame
from perfkit.model.storage import write_atomic
from perfkit.stats.growth_class import growth_class

SCHEMA = 1
"""Version of the file. A file with another one is not read."""

KINDS = ("scenario", "tests")

Values = dict[int, int]
"""A metric's value at each size; a test has only size 0."""

Metrics = dict[str, Values]
"""Values by metric: "query SELECT ...", "time_ns"."""

_ABOUT = {
    "scenario": "# Compared exactly by perfkit gate. Written by: "
    "perfkit gate --update {name} --reason TEXT\n",
    "tests": "# Compared exactly by pytest --perfkit-baselines. Written by: pytest {name} "
    "--perfkit-baselines=update --perfkit-reason TEXT\n",
}
_ANEW = "Restore it, or delete it and record it anew."
_MARKERS = ("<<<<<<< ", "=======", ">>>>>>> ", "||||||| ")


@dataclass
class Entry:
    """A strategy in a world ("world/strategy"), or a test.

    ``states`` has the metrics of the "cold" run and, where it was measured, of the "warm" one; ``python``
    those that depend on Python's minor version, by it ("3.11"). ``places`` are the functions that operations
    were made through, at the largest size. ``inputs`` are what the values depend on besides the code.
    Only a measured entry has ``paths`` (the lines of each metric), ``failed`` (why, by size) and
    ``findings``, the costliest of each metric.
    """

    states: dict[str, Metrics] = field(default_factory=dict)
    python: dict[str, Metrics] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    paths: Paths = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def sizes(self) -> set[int]:
        """Those at which anything was measured; 0 for a test that did nothing."""
        metrics = chain.from_iterable(metrics.values() for metrics in self.states.values())
        return set(chain.from_iterable(metrics)) or {0}

    @cached_property
    def shared(self) -> set[Frame]:
        """The lines that several operations pass through."""
        lines = [{frame for path in paths for frame in path} for paths in self.paths.values()]
        return {frame for frame, count in Counter(chain(*lines)).items() if count > 1}


@dataclass
class Baseline:
    """All entries of one scenario (``name``), or of one test module (its path); ``kind`` says which.

    ``inputs`` hold for all entries, ``worlds`` for those of one world. ``peaks_of`` has, by minor version of
    Python, what the peaks of memory were measured under. ``reasons`` are those given to updates, newest last.
    """

    name: str
    kind: str = "scenario"
    unit: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    worlds: dict[str, dict[str, str]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    peaks_of: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline in a file. Raises NothingToCompareError without one, BaselineError for a bad one."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise NothingToCompareError(
                f"there is no baseline {path.name}; record one with --update"
            ) from None
        except (OSError, UnicodeDecodeError) as error:
            raise BaselineError(f"cannot read {path}: {error}. {_ANEW}") from error
        return parse(text, str(path))

    def write(self, path: Path) -> None:
        """Write the file whole or not at all. Raises BaselineError where that cannot be done."""
        try:
            write_atomic(path, self.text().encode())
        except RunFileError as error:
            raise BaselineError(str(error).replace(" Choose another with -o.", "")) from error

    def text(self) -> str:
        """The file's text; equal baselines give equal texts."""
        head: dict[str, Any] = {"schema": SCHEMA, self.kind: self.name}
        if self.unit:
            head["unit"] = self.unit
        head["reasons"] = self.reasons
        sections: list[tuple[tuple[str, ...], dict[str, Any]]] = [((), head)]
        if self.inputs:
            sections.append((("inputs",), dict(sorted(self.inputs.items()))))
        for world, facts in sorted(self.worlds.items()):
            sections.append((("world", world), dict(sorted(facts.items()))))
        if self.peaks_of:
            sections.append((("peaks_of",), dict(sorted(self.peaks_of.items()))))
        for name in sorted(self.entries):
            sections += _sections(name, self.entries[name])
        return _ABOUT[self.kind].format(name=self.name) + document(sections)


def parse(text: str, source: str) -> Baseline:
    """The baseline in ``text``. Raises BaselineError naming ``source`` and what to do."""
    if any(line.startswith(_MARKERS) for line in text.splitlines()):
        raise BaselineError(f"{source} has merge conflict markers. Take either side, then record anew.")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BaselineError(f"{source} is not TOML: {error}. {_ANEW}") from error
    if "schema" not in table:
        raise BaselineError(f"{source} is no baseline: it has no schema. {_ANEW}")
    if table["schema"] != SCHEMA:
        raise BaselineError(
            f"{source} has schema {table['schema']!r}; this perfkit reads {SCHEMA}. "
            "Use the perfkit that wrote it, or delete the file and record it anew."
        )
    if not any(kind in table for kind in KINDS):
        raise BaselineError(f"{source} is not a whole baseline: it names neither scenario nor tests. {_ANEW}")
    try:
        return _baseline(table)
    except (AttributeError, TypeError, ValueError, KeyError) as error:
        raise BaselineError(f"{source} is not a whole baseline: {error}. {_ANEW}") from error


def _baseline(table: dict[str, Any]) -> Baseline:
    kind = next(kind for kind in KINDS if kind in table)
    baseline = Baseline(str(table[kind]), kind, str(table.get("unit", "")))
    baseline.reasons = [str(reason) for reason in table.get("reasons", [])]
    baseline.inputs = _texts(table.get("inputs", {}))
    baseline.peaks_of = _texts(table.get("peaks_of", {}))
    baseline.worlds = {name: _texts(facts) for name, facts in table.get("world", {}).items()}
    for name, section in table.get("entry", {}).items():
        baseline.entries[name] = _entry(section)
    return baseline


def _texts(table: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in table.items()}


def _entry(section: dict[str, Any]) -> Entry:
    entry = Entry()
    entry.inputs = _texts(section.pop("inputs", {}))
    entry.places = {name: Place.of(str(value)) for name, value in section.pop("places", {}).items()}
    warm = section.pop("warm", None)
    for name in [name for name in section if name.startswith("py3.")]:
        entry.python[name.removeprefix("py")] = _metrics(section.pop(name))
    cold = entry.states["cold"] = _metrics(section)
    if warm is not None:
        entry.states["warm"] = _without_zeros({**cold, **_metrics(warm)})
    return entry


def _metrics(section: Mapping[str, Any]) -> Metrics:
    return {name: dict(_values(value)) for name, value in section.items()}


def _values(value: Any) -> Iterator[tuple[int, int]]:
    for size, number in value.items() if isinstance(value, dict) else [("n0", value)]:
        if size == "grows":
            continue
        if type(number) is not int or not size.startswith("n"):
            raise ValueError(f"{size} = {number!r} is not a value at a size")
        yield int(size[1:]), number


def _sections(name: str, entry: Entry) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    cold = entry.states.get("cold", {})
    yield ("entry", name), {metric: _line(cold[metric]) for metric in sorted(cold, key=_order)}
    if differs := _differing(cold, entry.states.get("warm", cold)):
        yield (
            ("entry", name, "warm"),
            {metric: _line(differs[metric]) for metric in sorted(differs, key=_order)},
        )
    for minor in sorted(entry.python):
        yield ("entry", name, f"py{minor}"), {m: _line(v) for m, v in sorted(entry.python[minor].items())}
    if entry.inputs:
        yield ("entry", name, "inputs"), dict(sorted(entry.inputs.items()))
    if entry.places:
        yield ("entry", name, "places"), {place: p.plain() for place, p in sorted(entry.places.items())}


def _order(metric: str) -> tuple[bool, str]:
    """Metrics of templates first, then totals."""
    return " " not in metric, metric


def _differing(cold: Metrics, warm: Metrics) -> Metrics:
    """The lines of ``warm`` that differ; one that is only cold is 0."""
    sizes = {size for values in cold.values() for size in values}
    gone = {metric: dict.fromkeys(sizes, 0) for metric in cold if metric not in warm}
    return {m: values for m, values in warm.items() if cold.get(m) != values} | gone


def _without_zeros(metrics: Metrics) -> Metrics:
    return {metric: values for metric, values in metrics.items() if any(values.values())}


def _line(values: Values) -> Any:
    if set(values) == {0}:
        return values[0]
    line: dict[str, Any] = {f"n{size}": value for size, value in sorted(values.items())}
    if grows := growth_class(values):
        line["grows"] = grows
    return inline(line)
