"""What a baseline's values depend on besides the code: where it differs there is nothing to compare with."""

from __future__ import annotations

import importlib.metadata
import platform
import sqlite3
import zlib
from collections.abc import Mapping

from perfkit.bench.baselines import wording
from perfkit.bench.baselines.document import Baseline
from perfkit.bench.scenario import Scenario, Strategy
from perfkit.model import Difference
from perfkit.worlds.base import BEHAVIOUR

_DATA = "data"
_INSTALLERS = frozenset({"pip", "setuptools", "wheel"})


def inputs_of_scenario(seed: int) -> dict[str, str]:
    """Of all entries: the seed of the data, the version of perfkit's worlds, the clock."""
    return {"clock": "virtual", "data_seed": str(seed), "worlds": str(BEHAVIOUR)}


def inputs_of_world(scenario: Scenario, world: str) -> dict[str, str]:
    """Of all entries in a world: its settings, and SQLite's version where its steps are counted."""
    info = scenario.worlds[world].info(world)
    steps = {"SQLite": sqlite3.sqlite_version} if info.database == "sqlite" else {}
    return {**info.facts, **steps}


def inputs_of_strategy(strategy: Strategy) -> dict[str, str]:
    """Of one entry: the version of the package that it needs."""
    return {strategy.needs: _version(strategy.needs)} if strategy.needs else {}


def input_of_data(size: int) -> str:
    """The input that a digest of a world's data at a size is."""
    return f"{_DATA} n{size}"


def peaks_of() -> str:
    """What peaks of memory are measured under; "" without memray.

    Packages are told by a checksum: what is installed beside has been seen to move peaks by some bytes, the
    same in every run, through the standard library's blocks.
    """
    try:
        memray = importlib.metadata.version("memray")
    except importlib.metadata.PackageNotFoundError:
        return ""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, memray {memray}, packages {_packages():08x}"


def _packages() -> int:
    """A checksum of what is installed, without projects that are worked on and what installs them."""
    installed = {
        f"{found.name}=={found.version}"
        for found in importlib.metadata.distributions()
        if found.name not in _INSTALLERS and found.read_text("direct_url.json") is None
    }
    return zlib.crc32("\n".join(sorted(installed)).encode())


def _version(package: str) -> str:
    """Of the distribution that has the importable ``package``; "" when it is not installed."""
    names = importlib.metadata.packages_distributions().get(package.partition(".")[0], [])
    return importlib.metadata.version(names[0]) if names else ""


def changed_inputs(baseline: Baseline, measured: Baseline) -> tuple[list[Difference], set[str]]:
    """A difference for whatever is another now: all, a world, an entry; and the entries it is about."""
    entries = set(baseline.entries) & set(measured.entries)
    if common := _changes(baseline.inputs, measured.inputs):
        return [wording.Maker(baseline, "").inputs(common)], entries
    found, stale = [], set[str]()
    for world in sorted(set(baseline.worlds) & set(measured.worlds)):
        if changes := _changes(baseline.worlds[world], measured.worlds[world]):
            found.append(wording.Maker(baseline, f"{world}/*").inputs(changes))
            stale |= {name for name in entries if name.startswith(f"{world}/")}
    for name in sorted(entries - stale):
        if changes := _changes(baseline.entries[name].inputs, measured.entries[name].inputs):
            found.append(wording.Maker(baseline, name).inputs(changes))
            stale.add(name)
    return found, stale


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [
        f"{name}: {before.get(name, 'not there')} -> {now.get(name, 'not there')}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name) and not _is_of_one(name, before, now)
    ]


def _is_of_one(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> bool:
    """Whether it is the data of a size that only one of both has."""
    return name.startswith(f"{_DATA} n") and (name not in before or name not in now)
