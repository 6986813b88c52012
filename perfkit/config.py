"""Settings: command line > PERFKIT_* > [tool.perfkit] in pyproject.toml > default.

Each setting is declared once, in ``SETTINGS``; an unknown key is an error with a suggestion.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from perfkit.errors import ConfigError, UnknownNameError

Value = str | int | float


@dataclass(frozen=True)
class Setting:
    """One setting: its default and what it is for. The default's type is the setting's."""

    default: Value
    doc: str


SETTINGS: dict[str, Setting] = {
    "scenarios": Setting("scenarios", "folder whose *.py files hold scenarios"),
    "reports": Setting("reports", "folder that runs and reports are written to"),
    "index": Setting(1, "1: index.html in the reports folder is kept up to date; 0: it is left alone"),
    "baselines": Setting("perf-baselines", "folder of the committed baselines of perfkit gate"),
    "seed": Setting(1, "seed of data and of random latency"),
    "repeats": Setting(1, "samples per strategy, each with the next seed"),
    "timeout_s": Setting(120.0, "real seconds a strategy may take before it is stopped"),
    "limit_s": Setting(86_400.0, "virtual seconds a strategy may take before it is stopped"),
    "workers": Setting(0, "processes that measure in virtual time; 0: one per core"),
    "fail_on": Setting("", "rules whose findings end perfkit analyze with exit code 1, or any: PK101,PK102"),
    "min_calls": Setting(3, "calls from one place that make a loop"),
    "min_calls_imported": Setting(5, "the same in traces that do not say which line called"),
    "min_duplicates": Setting(3, "equal calls from one place that are reported"),
    "min_serial": Setting(3, "independent calls one after another that are reported"),
    "min_batches": Setting(3, "batches waiting for each other that are reported"),
    "min_connects": Setting(3, "connections opened from one place that are reported"),
    "min_refused": Setting(3, "answers 429 and 503 of one host that are reported"),
    "min_rows": Setting(100, "rows of a result of which a page should have been asked for"),
    "min_spent_ms": Setting(0.0, "findings whose operations took fewer milliseconds in all are left out"),
}


TARGETS = "targets"
"""The table [tool.perfkit.targets], which ``perfkit.bench.targets`` reads."""


@dataclass(frozen=True)
class Resolved:
    """A value and where it comes from: "default", "pyproject.toml" or the environment variable's name."""

    value: Value
    origin: str


class Config:
    """The settings in force in ``folder``; ``targets`` is the table of that name as it is written.

    >>> Config(Path("/"), {}).text("scenarios")
    'scenarios'
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.root, table = _pyproject(folder)
        for key in table:
            if key not in SETTINGS and key != TARGETS:
                raise ConfigError(
                    f"[tool.perfkit] in {self.root}: {UnknownNameError('setting', key, (*SETTINGS, TARGETS))}"
                )
        self.targets = _table(table.get(TARGETS, {}))
        self.resolved = {name: self._resolve(name, table, environ) for name in SETTINGS}

    def _resolve(self, name: str, table: Mapping[str, object], environ: Mapping[str, str]) -> Resolved:
        variable = f"PERFKIT_{name.upper()}"
        if variable in environ:
            return Resolved(_convert(name, environ[variable], variable), variable)
        if name in table:
            return Resolved(_convert(name, table[name], "[tool.perfkit]"), "pyproject.toml")
        return Resolved(SETTINGS[name].default, "default")

    def text(self, name: str) -> str:
        """A setting that is text."""
        return str(self.resolved[name].value)

    def number(self, name: str) -> float:
        """A setting that is a number."""
        return float(self.resolved[name].value)

    def integer(self, name: str) -> int:
        """A setting that is a whole number."""
        return int(self.resolved[name].value)

    def folder(self, name: str) -> Path:
        """A setting that is a folder, taken from where pyproject.toml lies."""
        return self.root / self.text(name)


def load(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The settings for ``folder`` (default: the current one) and ``environ`` (default: the process's)."""
    return Config(folder or Path.cwd(), os.environ if environ is None else environ)


def _pyproject(folder: Path) -> tuple[Path, Mapping[str, object]]:
    """The nearest folder upwards whose pyproject.toml has [tool.perfkit], or ``folder`` itself."""
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if not file.is_file():
            continue
        try:
            tool = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"cannot read {file}: {error}") from error
        table = tool.get("perfkit") if isinstance(tool, dict) else None
        if isinstance(table, dict):
            return place, table
    return folder, {}


def _table(targets: object) -> Mapping[str, object]:
    if not isinstance(targets, dict):
        raise ConfigError(
            f"targets must be a table, not {targets!r}: write [tool.perfkit.targets] and below it "
            'response = "100 ms"'
        )
    return targets


def _convert(name: str, value: object, origin: str) -> Value:
    wanted = type(SETTINGS[name].default)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ConfigError(f"{origin}: {name} must be {wanted.__name__}, not {value!r}")
    try:
        return wanted(value)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{origin}: {name} must be {wanted.__name__}, not {value!r}") from error
