"""The declared state of a fresh process: what it finds in its environment, on every machine the same."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

FIXED = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
}
"""Order of sets, local time, texts of the system: what results may depend on."""

KEPT_OF_PYTHON = frozenset(
    {"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONNOUSERSITE"}
)
"""Where modules are found; the others change what Python does."""


def declared(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without what changes how Python or a client works, and with ``FIXED``.

    >>> sorted(declared({"PATH": "/bin", "PYTHONDEVMODE": "1", "https_proxy": "http://p/"}).keys() - FIXED)
    ['PATH']
    """
    kept = {name: value for name, value in environment.items() if not _changes_results(name)}
    return kept | FIXED


def _changes_results(name: str) -> bool:
    upper = name.upper()
    if upper.startswith("PYTHON"):
        return upper not in KEPT_OF_PYTHON
    return upper.endswith("_PROXY") or upper.startswith(("LC_", "MALLOC_", "COVERAGE_", "COV_CORE_"))


def command(file: str, style: str) -> list[str]:
    """How a server is started: with the caller's Python and search path, and none of its options."""
    start = (
        f"import sys; sys.path[:] = {[os.path.abspath(place) for place in sys.path]!r}; "
        f"from perfkit.bench.fresh.server import serve; serve({file!r}, {style!r})"
    )
    return [sys.executable, "-c", start]
