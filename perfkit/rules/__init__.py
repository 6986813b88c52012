"""What slows code down, seen in a trace: one file per rule, pure functions of a Trace.

Imports fingerprints and model only.
"""

from perfkit.rules.allowed import Allowed
from perfkit.rules.registry import available, check, check_allowed, load, page

__all__ = ["Allowed", "available", "check", "check_allowed", "load", "page"]
