"""Which probes there are, and switching them on and off.

"auto" watches the libraries the program has imported, and those it imports later.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from typing import Protocol

from perfkit.errors import MissingExtraError, UnknownNameError
from perfkit.probes.importing import when_imported
from perfkit.probes.versions import UntestedVersionWarning, untested

BUILT_IN = {
    "aiohttp": "perfkit.probes.aiohttp",
    "aiosqlite": "perfkit.probes.aiosqlite",
    "asyncio": "perfkit.probes.asyncio",
    "asyncpg": "perfkit.probes.asyncpg",
    "django": "perfkit.probes.django",
    "httpx": "perfkit.probes.httpx",
    "opentelemetry": "perfkit.probes.opentelemetry",
    "psycopg": "perfkit.probes.psycopg",
    "psycopg_pool": "perfkit.probes.psycopg_pool",
    "redis": "perfkit.probes.redis",
    "requests": "perfkit.probes.requests",
    "sqlalchemy": "perfkit.probes.sqlalchemy",
    "sqlite3": "perfkit.probes.sqlite3",
    "threading": "perfkit.probes.threading",
    "urllib3": "perfkit.probes.urllib3",
}
"""Name of each probe and its module. Adding one is one file and one line here."""

_LIBRARIES = {"django": "django.db", "opentelemetry": "opentelemetry.sdk.trace"}
"""Where the module whose import shows that a library is in use is not called like the probe."""

ENTRY_POINTS = "perfkit.probes"


class Probe(Protocol):
    """What a probe's module offers."""

    LIBRARY: str
    TESTED: tuple[str, str]

    def install(self) -> None:
        """Start watching; does nothing when already watching."""

    def remove(self) -> None:
        """Put the library back as it was."""


_looked_at: dict[str, str | None] = {}
"""Name of each probe that was switched on, and what is wrong with its library's version, if anything is."""


def available() -> dict[str, str]:
    """Name of each probe to the module that holds it, built-in ones and those of other packages."""
    return {**_of_other_packages(), **BUILT_IN}


def instrument(*names: str) -> list[str]:
    """Switch probes on: by name, or all that the program uses with "auto" or no name at all.

    Returns the names that are watched, or will be once imported. Raises UnknownNameError for a name that is
    no probe, and MissingExtraError for one whose library is not installed. Warns once, with
    UntestedVersionWarning, of a library in a version that the probe was not tested with.
    """
    if not names or names == ("auto",):
        return _instrument_used()
    known = available()
    for name in names:
        if name not in known:
            raise UnknownNameError("probe", name, known)
        probe = _load(known[name])
        try:
            _install(name, probe)
        except ImportError as error:
            raise MissingExtraError(f"the probe {name!r}", probe.LIBRARY, "all") from error
    return list(names)


def uninstrument(*names: str) -> None:
    """Switch off the named probes, or all of them. Raises UnknownNameError for a name that is no probe."""
    known = available()
    for name in names or tuple(known):
        if name not in known:
            raise UnknownNameError("probe", name, known)
        module = sys.modules.get(known[name])
        if module is not None:
            module.remove()


def library_of(name: str) -> str:
    """The module whose import shows that the probe's library is in use."""
    module = available()[name]
    return _LIBRARIES.get(name, name) if module in BUILT_IN.values() else _load(module).LIBRARY


def version_problems(names: Iterable[str]) -> list[str]:
    """What is wrong with the versions of the libraries that the named probes watch."""
    return [problem for name in names if (problem := _looked_at.get(name)) is not None]


def _install(name: str, probe: Probe) -> None:
    probe.install()
    if name not in _looked_at:
        problem = _looked_at[name] = untested(name, probe.LIBRARY, probe.TESTED)
        # where warnings are errors this one must not end the program's own import: recordings state it too
        with suppress(UntestedVersionWarning):
            if problem is not None:
                warnings.warn(problem, UntestedVersionWarning, stacklevel=3)


def _instrument_used() -> list[str]:
    known = available()
    for name, module in known.items():
        library = library_of(name)
        if library in sys.modules:
            _install_quietly(name, module)
        else:
            when_imported(library, lambda name=name, module=module: _install_quietly(name, module))  # type: ignore[misc]
    return list(known)


def _install_quietly(name: str, module: str) -> None:
    """For libraries nobody named: a probe that fails must not end the program's own import. It is stated."""
    try:
        probe = _load(module)
        # a probe that is being imported itself, and imports its library, is installed by whoever wants it
        if hasattr(probe, "install"):
            _install(name, probe)
    except Exception as error:
        _looked_at[name] = f"the probe {name!r} cannot watch: {type(error).__name__}: {error}"


def _load(module: str) -> Probe:
    return importlib.import_module(module)


@cache
def _of_other_packages() -> dict[str, str]:
    """Looked up once: reading the metadata of all installed packages costs milliseconds."""
    from importlib import metadata

    return {entry.name: entry.value for entry in metadata.entry_points(group=ENTRY_POINTS)}
