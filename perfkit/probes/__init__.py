"""One file per watched library, each reversible and idempotent. Imports tracing, fingerprints and model.

A probe is a module with ``LIBRARY`` (the import name), ``TESTED`` (first and first untested version),
``install()`` and ``remove()``. Another package adds one through the entry point group ``perfkit.probes``.
"""

from perfkit.probes.registry import available, instrument, uninstrument, version_problems

__all__ = ["available", "instrument", "uninstrument", "version_problems"]
