"""Bytecode instructions counted: what code computes, exact to the last one, whatever the machine does.

From Python 3.12 on by ``sys.monitoring``, before by ``sys.settrace``. Only functions of the application count
(as in call paths), so that a library's upgrade changes nothing. The compiler decides how many instructions a
line has: counts of two minor versions of Python cannot be compared.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from msgspec import Struct, field

from perfkit.errors import UsageError
from perfkit.tracing.callpath import shown

TOOL_NAME = "perfkit bytecodes"

Place = tuple[str, str]
"""A function: its file as shown to people, and its qualified name."""


def is_application(code: CodeType) -> bool:
    """Whether a function is the application's: not of a library, of Python, or of perfkit."""
    return shown(code.co_filename) is not None


class Counted(Struct):
    """Instructions and calls by function, complete when the block has ended.

    A call is the start of a function; going on in a generator or coroutine is none.
    """

    by_place: dict[Place, int] = field(default_factory=dict)
    calls: dict[Place, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All instructions."""
        return sum(self.by_place.values())


@contextmanager
def count_bytecodes(is_ours: Callable[[CodeType], bool] = is_application) -> Iterator[Counted]:
    """Count what functions execute that are called, or go on, in the block; in all threads started there.

    The function with the ``with`` statement is not counted itself. Code runs some ten times slower meanwhile.
    Raises UsageError where a debugger or a coverage tool is in the way.

    >>> with count_bytecodes(lambda code: code.co_name == "<lambda>") as counted:
    ...     double = (lambda number: number * 2)(21)
    >>> counted.total > 3, list(counted.calls.values())
    (True, [1])
    """
    counted, tally = Counted(), _Tally(is_ours)
    try:
        with _monitoring(tally) if sys.version_info >= (3, 12) else _tracing(tally):
            yield counted
    finally:
        counted.by_place, counted.calls = tally.sums(tally.instructions), tally.sums(tally.starts)


class _Tally:
    """Counts by code object. Those are told apart by address: hashing one would read its bytecode."""

    def __init__(self, is_ours: Callable[[CodeType], bool]) -> None:
        self._is_ours = is_ours
        self.instructions: dict[int, int] = {}
        self.starts: dict[int, int] = {}
        self._codes: dict[int, CodeType | None] = {}
        self._others: list[CodeType] = []  # keeps their addresses from being used again

    def takes(self, code: CodeType) -> bool:
        """Whether its instructions are counted."""
        key = id(code)
        if key not in self._codes:
            ours = self._is_ours(code)
            if not ours:
                self._others.append(code)
            self.instructions.setdefault(key, 0)
            self.starts.setdefault(key, 0)
            self._codes[key] = code if ours else None
        return self._codes[key] is not None

    def sums(self, counts: dict[int, int]) -> dict[Place, int]:
        """Counts by function, in the order of their names."""
        sums: Counter[Place] = Counter()
        for key, code in self._codes.items():
            if code is not None:
                file = shown(code.co_filename) or code.co_filename
                sums[file, code.co_qualname.replace(".<locals>", "")] += counts[key]
        return {place: sums[place] for place in sorted(sums)}


_TOOLS = (3, 4, 5, 2)
"""Numbers of tools that Python names nothing for, then those that it has a use for."""


@contextmanager
def _monitoring(tally: _Tally) -> Iterator[None]:
    monitoring: Any = vars(sys)["monitoring"]  # from Python 3.12 on
    events = monitoring.events
    tool = next((number for number in _TOOLS if monitoring.get_tool(number) is None), None)
    if tool is None:
        taken = ", ".join(str(monitoring.get_tool(number)) for number in _TOOLS)
        raise UsageError(f"bytecodes cannot be counted: {taken} hold what sys.monitoring has for tools")
    instructions, starts, watched = tally.instructions, tally.starts, list[CodeType]()

    def begins(code: CodeType, _offset: int) -> Any:
        if not tally.takes(code):
            return monitoring.DISABLE
        starts[id(code)] += 1
        watch(code)
        return None

    def goes_on(code: CodeType, _offset: int) -> Any:
        if not tally.takes(code):
            return monitoring.DISABLE
        watch(code)
        return None

    def watch(code: CodeType) -> None:
        if not monitoring.get_local_events(tool, code):
            watched.append(code)
            monitoring.set_local_events(tool, code, events.INSTRUCTION)

    def instruction(code: CodeType, _offset: int) -> None:
        instructions[id(code)] += 1

    monitoring.use_tool_id(tool, TOOL_NAME)
    try:
        monitoring.register_callback(tool, events.PY_START, begins)
        monitoring.register_callback(tool, events.PY_RESUME, goes_on)
        monitoring.register_callback(tool, events.INSTRUCTION, instruction)
        monitoring.restart_events()  # what was disabled for a tool of this number before
        monitoring.set_events(tool, events.PY_START | events.PY_RESUME)
        yield
    finally:
        monitoring.set_events(tool, 0)
        for code in watched:
            monitoring.set_local_events(tool, code, 0)
        for event in (events.PY_START, events.PY_RESUME, events.INSTRUCTION):
            monitoring.register_callback(tool, event, None)
        monitoring.free_tool_id(tool)


@contextmanager
def _tracing(tally: _Tally) -> Iterator[None]:
    if sys.gettrace() is not None:
        name = getattr(sys.gettrace(), "__module__", None) or type(sys.gettrace()).__module__
        raise UsageError(
            f"bytecodes cannot be counted: {name} traces this program already, and Python 3.11 has room "
            "for one; run without it, or with Python 3.12 or later"
        )
    instructions, starts = tally.instructions, tally.starts
    entries: dict[tuple[int, int], bool] = {}

    def call(frame: FrameType, _event: str, _argument: object) -> Any:
        code = frame.f_code
        if not tally.takes(code):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        key = id(code), frame.f_lasti
        if key not in entries:
            entries[key] = _is_entry(code, frame.f_lasti)
        starts[id(code)] += entries[key]
        return step

    def step(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "opcode":
            instructions[id(frame.f_code)] += 1
        return step

    before = threading.gettrace()
    threading.settrace(call)
    sys.settrace(call)
    try:
        yield
    finally:
        sys.settrace(None)
        threading.settrace(before)


def _is_entry(code: CodeType, offset: int) -> bool:
    """Whether the instruction at the offset is the RESUME that begins a function, with the argument 0."""
    from dis import opmap  # late: importing perfkit must not take its time

    return offset < 0 or (code.co_code[offset], code.co_code[offset + 1] & 3) == (opmap["RESUME"], 0)
