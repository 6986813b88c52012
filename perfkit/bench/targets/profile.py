"""The profile of targets that [tool.perfkit.targets] declares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from perfkit.bench.targets.quantities import quantity
from perfkit.config import Config
from perfkit.errors import ConfigError, UnknownNameError
from perfkit.model.target import METRICS, bound, shown

TABLE = "tool.perfkit.targets"
PLACES = ("strategy", "world", "size")
OF_BENCHMARKS = ("response", "throughput")
"""What is known of a benchmark that ``perfkit gate --base`` times."""


@dataclass(frozen=True)
class Wanted:
    """The limits of one scenario's cell, or of one benchmark (``name``), by metric, in the metric's unit.

    Where no strategy, world or size is named, the scenario's own choice is meant: see ``places.place_of``.
    ``origin`` is the table that it was read from, for messages.
    """

    name: str
    limits: Mapping[str, float]
    strategy: str = ""
    world: str = ""
    size: int = 0
    origin: str = f"[{TABLE}]"


@dataclass(frozen=True)
class Profile:
    """All targets: those for ``every`` scenario, and the ``own`` ones of scenarios and benchmarks.

    >>> everywhere = Profile({"errors": 0.001}, {"shop": [Wanted("shop", {"errors": 0.001, "query": 1e7})]})
    >>> [wanted.limits for name in ("shop", "page") for wanted in everywhere.of_scenario(name)]
    [{'errors': 0.001, 'query': 10000000.0}, {'errors': 0.001}]
    """

    every: Mapping[str, float] = field(default_factory=dict)
    own: Mapping[str, list[Wanted]] = field(default_factory=dict)

    def of_scenario(self, name: str) -> list[Wanted]:
        """What is wanted of a scenario: its own targets, else those for every one."""
        if name in self.own:
            return [wanted for wanted in self.own[name] if wanted.limits]
        return [Wanted(name, self.every)] if self.every else []

    @property
    def benchmarks(self) -> dict[str, Wanted]:
        """What is wanted of benchmarks, by their names."""
        return {name: wanted[0] for name, wanted in self.own.items() if is_benchmark(name)}

    def sentences(self) -> list[tuple[str, str]]:
        """Each declaration in words: what it is about, and its limits.

        >>> Profile({"response": 2e9}).sentences()
        [('every scenario', 'response at most 2 s')]
        """
        said = [("every scenario", _spelled(self.every))] if self.every else []
        wanted = [each for several in self.own.values() for each in several]
        return said + [(_about(each), _spelled(each.limits) or "none") for each in wanted]

    def check_names(self, scenarios: Iterable[str]) -> None:
        """Raise ConfigError for a target of a scenario that is not among ``scenarios``, which are all."""
        known = set(scenarios)
        for name, wanted in self.own.items():
            if name not in known and not is_benchmark(name):
                raise ConfigError(f"{wanted[0].origin}: {UnknownNameError('scenario', name, known)}")


def _spelled(limits: Mapping[str, float]) -> str:
    return ", ".join(f"{metric} {bound(metric)} {shown(metric, limit)}" for metric, limit in limits.items())


def _about(wanted: Wanted) -> str:
    parts = {"strategy": wanted.strategy, "size": wanted.size, "world": wanted.world}
    named = ", ".join(f"{key} {value}" for key, value in parts.items() if value)
    return f"{wanted.name} ({named})" if named else wanted.name


NONE = Profile()


def is_benchmark(name: str) -> bool:
    """Whether it names a benchmark: no scenario has such letters in its name.

    >>> is_benchmark("tests/bench.py::test_page"), is_benchmark("leads")
    (True, False)
    """
    return any(letter in name for letter in "/\\ ,:")


def profile(config: Config) -> Profile:
    """The profile in ``config``. Raises ConfigError for what is not known, or has no unit."""
    table = config.targets
    of_all = {key: value for key, value in table.items() if not isinstance(value, (dict, list))}
    for key in of_all:
        if key in PLACES:
            raise ConfigError(f"[{TABLE}]: {key} goes with one scenario: put it below [{TABLE}.NAME]")
    every = _limits(of_all, f"[{TABLE}]")
    own = {
        name: list(_read(name, value, every))
        for name, value in table.items()
        if isinstance(value, (dict, list))
    }
    return Profile(every, own)


def _read(name: str, value: object, every: Mapping[str, float]) -> Iterator[Wanted]:
    """A table, or several of them (``[[tool.perfkit.targets.NAME]]``) about several cells."""
    values = value if isinstance(value, list) else [value]
    quoted = f'"{name}"' if is_benchmark(name) or "." in name else name
    parts = [part for part in values if isinstance(part, dict)]
    origin = f"[[{TABLE}.{quoted}]]" if isinstance(value, list) else f"[{TABLE}.{quoted}]"
    if not parts or len(parts) < len(values):
        raise ConfigError(
            f'{origin}: {name} must be a limit with its unit, such as "100 ms", or a table, not {value!r}'
        )
    if not is_benchmark(name):
        yield from (_of_scenario(name, part, every, origin) for part in parts)
    elif len(parts) == 1:
        yield _of_benchmark(name, parts[0], origin)
    else:
        raise ConfigError(f"{origin}: a benchmark has one table, not {len(parts)}")


def _of_benchmark(name: str, table: Mapping[str, object], origin: str) -> Wanted:
    for key in table:
        if key not in OF_BENCHMARKS:
            raise ConfigError(
                f"{origin}: a benchmark has no target {key!r}, only its times are known: "
                f"use {' or '.join(OF_BENCHMARKS)}"
            )
    return Wanted(name, _limits(table, origin), origin=origin)


def _of_scenario(name: str, table: Mapping[str, object], every: Mapping[str, float], origin: str) -> Wanted:
    own = {key: value for key, value in table.items() if key not in PLACES}
    dropped = {key for key, value in own.items() if value is False and key in METRICS}
    limits = {**every, **_limits({k: v for k, v in own.items() if k not in dropped}, origin)}
    return Wanted(
        name,
        {metric: limits[metric] for metric in METRICS if metric in limits and metric not in dropped},
        strategy=_text(table, "strategy", origin),
        world=_text(table, "world", origin),
        size=_size(table, origin),
        origin=origin,
    )


def _limits(table: Mapping[str, object], origin: str) -> dict[str, float]:
    for key in table:
        if key not in METRICS:
            raise ConfigError(f"{origin}: {UnknownNameError('target', key, (*METRICS, *PLACES))}")
    return {metric: quantity(metric, table[metric], origin) for metric in METRICS if metric in table}


def _text(table: Mapping[str, object], key: str, origin: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ConfigError(f"{origin}: {key} must be a name, not {value!r}")
    return value


def _size(table: Mapping[str, object], origin: str) -> int:
    value = table.get("size", 0)
    if isinstance(value, bool) or not isinstance(value, int) or ("size" in table and value < 1):
        raise ConfigError(f"{origin}: size must be a whole number from 1, not {value!r}")
    return value
