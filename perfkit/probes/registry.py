"""Which probes there are, and switching them on and off.

"auto" watches the libraries the program has imported, and those it imports later.
"""

from __future__ import annotations

import importlib
import sys
from functools import cache
from typing import Protocol

from perfkit.errors import MissingExtraError, UnknownNameError
from perfkit.probes.importing import when_imported

BUILT_IN = {"aiohttp": "perfkit.probes.aiohttp"}
"""Name of each probe and its module. Adding one is one file and one line here."""

ENTRY_POINTS = "perfkit.probes"


class Probe(Protocol):
    """What a probe's module offers."""

    LIBRARY: str
    TESTED: tuple[str, str]

    def install(self) -> None:
        """Start watching; does nothing when already watching."""

    def remove(self) -> None:
        """Put the library back as it was."""


def available() -> dict[str, str]:
    """Name of each probe to the module that holds it, built-in ones and those of other packages."""
    return {**_of_other_packages(), **BUILT_IN}


def instrument(*names: str) -> list[str]:
    """Switch probes on: by name, or all that the program uses with "auto" or no name at all.

    Returns the names that are watched, or will be once imported. Raises UnknownNameError for a name that is
    no probe, and MissingExtraError for one whose library is not installed.
    """
    if not names or names == ("auto",):
        return _instrument_used()
    known = available()
    for name in names:
        if name not in known:
            raise UnknownNameError("probe", name, known)
        probe = _load(known[name])
        try:
            probe.install()
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


def _instrument_used() -> list[str]:
    known = available()
    for name, module in known.items():
        probe_library = name if module in BUILT_IN.values() else _load(module).LIBRARY
        if probe_library in sys.modules:
            _load(module).install()
        else:
            when_imported(probe_library, lambda module=module: _load(module).install())  # type: ignore[misc]
    return list(known)


def _load(module: str) -> Probe:
    return importlib.import_module(module)


@cache
def _of_other_packages() -> dict[str, str]:
    """Looked up once: reading the metadata of all installed packages costs milliseconds."""
    from importlib import metadata

    return {entry.name: entry.value for entry in metadata.entry_points(group=ENTRY_POINTS)}
