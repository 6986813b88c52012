"""Quantities as people write them: "100 ms", "1000/s", "0.1 %", "2 GB"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from perfkit.errors import ConfigError
from perfkit.model.target import share

_TIMES = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9, "h": 3600e9}
_RATES = {"/s": 1, "/min": 1 / 60, "/h": 1 / 3600}
_SIZES = {"b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "kib": 2**10, "mib": 2**20, "gib": 2**30}
_SHARES = {"%": 0.01}
_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(\S*)\s*", re.ASCII)


@dataclass(frozen=True)
class Kind:
    """What a metric is measured in: its units as factors, and how it is asked for."""

    what: str
    example: str
    units: Mapping[str, float]
    least: float = 0.0
    most: float = float("inf")


_DURATION = Kind("a duration", "100 ms", _TIMES)
KINDS: dict[str, Kind] = {
    "response": _DURATION,
    "throughput": Kind("a rate", "1000/s", _RATES),
    "errors": Kind("a share from 0 to 100 %", "0.1 %", _SHARES, least=-1.0, most=1.0),
    "cpu": Kind("a share of one processor", "70 %", _SHARES),
    "memory": Kind("a size", "200 MB", _SIZES),
    "query": _DURATION,
}
"""By metric. All must be more than 0 but the share of errors."""


def quantity(metric: str, value: object, place: str) -> float:
    """The value in the metric's own unit. Raises ConfigError, which names ``place`` and what to write.

    >>> quantity("response", "1.5 s", "here"), quantity("memory", "2 GB", "here")
    (1500000000.0, 2000000000.0)
    """
    kind = KINDS[metric]
    found = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    unit = _unit(found[2], kind) if found is not None else None
    if found is None or unit is None:
        known = ", ".join(sorted(kind.units, key=lambda name: kind.units[name]))
        raise ConfigError(
            f'{place}: {metric} must be {kind.what}, not {value!r}: write {metric} = "{kind.example}" '
            f"({'units' if len(kind.units) > 1 else 'unit'}: {known})"
        )
    number = round(float(found[1]) * kind.units[unit], 12)
    if not kind.least < number <= kind.most:
        bound = f"at most {share(kind.most, 3)}" if number > kind.most else "more than 0"
        raise ConfigError(f"{place}: {metric} must be {bound}, not {value!r}")
    return number


def _unit(written: str, kind: Kind) -> str | None:
    """The unit that is meant: of sizes in any case, of all others as written."""
    name = written.lower() if kind.units is _SIZES else written.replace("\u03bc", "\u00b5")
    return name if name in kind.units else None
