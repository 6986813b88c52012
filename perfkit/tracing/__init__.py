"""Recording what a program does: spans, their tree, the lines that caused them. Imports model only."""

from perfkit.tracing.clocks import Clock, current_clock
from perfkit.tracing.recorder import Recording
from perfkit.tracing.scopes import Scope, enter, here, leave
from perfkit.tracing.spans import span, trace
from perfkit.tracing.timings import Timing

__all__ = [
    "Clock",
    "Recording",
    "Scope",
    "Timing",
    "current_clock",
    "enter",
    "here",
    "leave",
    "span",
    "trace",
]
