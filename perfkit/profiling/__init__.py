"""Profiles: ``cpu`` by pyinstrument, ``memory`` by memray or tracemalloc. Imports tracing and model.

Profilers slow what they watch, so a recording that holds a profile says that its times are not the program's
own, and within ``suspended`` both measure nothing.
"""

from perfkit.profiling.bytecodes import count_bytecodes
from perfkit.profiling.capture import Capture
from perfkit.profiling.decorators import cpu, memory
from perfkit.profiling.peak import count_peak
from perfkit.profiling.tree import merge
from perfkit.profiling.turns import suspended

__all__ = ["Capture", "count_bytecodes", "count_peak", "cpu", "memory", "merge", "suspended"]
