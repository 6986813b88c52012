"""Recording what a program does: spans, their tree, the lines that caused them. Imports model only."""

from perfkit.tracing.clocks import Clock, current_clock
from perfkit.tracing.following import carry
from perfkit.tracing.open_spans import OpenSpan, Operation
from perfkit.tracing.recorder import Recording
from perfkit.tracing.scopes import begin, enter, here, leave
from perfkit.tracing.spans import span, trace
from perfkit.tracing.timings import Timing

__all__ = [
    "Clock",
    "OpenSpan",
    "Operation",
    "Recording",
    "Timing",
    "begin",
    "carry",
    "current_clock",
    "enter",
    "here",
    "leave",
    "span",
    "trace",
]
