"""Whether a library's version is one that its probe was tested with."""

from __future__ import annotations

import re
import sys


class UntestedVersionWarning(UserWarning):
    """A library's version lies outside the range that its probe was tested with: spans may be missing."""


def untested(probe: str, library: str, tested: tuple[str, str]) -> str | None:
    """What to warn of; None for a version from the first of ``tested`` up to, not including, the second.

    A library that does not tell its version is taken for tested.
    """
    version = _version(library)
    if version is None or _key(tested[0]) <= _key(version) < _key(tested[1]):
        return None
    return (
        f"the probe {probe!r} was tested with {library} {tested[0]} up to {tested[1]}, and this is "
        f"{version}: spans may be missing or wrong"
    )


def _version(library: str) -> str | None:
    if library in sys.stdlib_module_names:
        return f"{sys.version_info.major}.{sys.version_info.minor}"
    top = library.partition(".")[0]
    found = getattr(sys.modules.get(library), "__version__", None)
    found = found or getattr(sys.modules.get(top), "__version__", None)
    # OpenTelemetry has it in a module of its own, one up from what is imported
    found = found or getattr(sys.modules.get(f"{library.rpartition('.')[0]}.version"), "__version__", None)
    return found if isinstance(found, str) else None


def _key(version: str) -> tuple[int, ...]:
    """The leading numbers, without trailing zeros.

    >>> _key("3.14.0rc1") == _key("3.14") < _key("3.14.5")
    True
    """
    numbers = re.match(r"\d+(?:\.\d+)*", version)
    parts = [int(part) for part in numbers[0].split(".")] if numbers else [0]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
