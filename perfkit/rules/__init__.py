"""What slows code down, seen in a trace: one file per rule, pure functions of a Trace.

Imports fingerprints and model only.
"""

from perfkit.rules.registry import available, check, load, page

__all__ = ["available", "check", "load", "page"]
