"""What slows code down, seen in a trace: one file per rule, pure functions of a View of a Trace.

Imports fingerprints, model and stats only.
"""

from perfkit.rules.allowed import Allowed
from perfkit.rules.limits import Limits
from perfkit.rules.registry import available, check, check_allowed, load, page
from perfkit.rules.sources import Sources
from perfkit.rules.view import View

__all__ = [
    "Allowed",
    "Limits",
    "Sources",
    "View",
    "available",
    "check",
    "check_allowed",
    "load",
    "page",
]
