"""Stacks as pyinstrument writes them, added up while they come and made readable at the end.

A stack is a list of frames, the outermost first. A frame is a text: name, file and first line divided by NUL,
then attributes, each after a 0x01; the one with "l" is the line under way.
"""

from __future__ import annotations

from collections.abc import Iterator

from perfkit.model.profile import AWAITING
from perfkit.profiling.places import Places, is_machinery, is_wrapper
from perfkit.profiling.tree import Place, Stack, below

_AWAITING = Place(AWAITING, application=False)

_NOT_RUNNING = ("[await]", "[out-of-context]")
"""What pyinstrument puts below the place where a task was left, while others run or none."""

_SELECTORS = ("selectors.py", "windows_events.py")
"""Files in which an event loop waits when it has nothing to run."""

_STEPS = frozenset({"generator.send", "generator.throw", "async_generator.asend", "async_generator.athrow"})
"""What the wrapper of a generator calls to go on with it."""


class RawTree:
    """A frame as pyinstrument writes it, its nanoseconds, and its callees."""

    __slots__ = ("callees", "ns")

    def __init__(self) -> None:
        self.ns = 0
        self.callees: dict[str, RawTree] = {}

    def add(self, stack: list[str], ns: int) -> None:
        """Put ``ns`` down to the last frame of a stack."""
        node = self
        for frame in stack:
            callee = node.callees.get(frame)
            if callee is None:
                callee = node.callees[frame] = RawTree()
            node = callee
        node.ns += ns

    def readable(self) -> Iterator[tuple[Stack, int]]:
        """The stacks with their nanoseconds, in terms of places."""
        places = Places()
        waiting: list[tuple[RawTree, Stack, bool]] = [(self, (), False)]
        while waiting:
            node, stack, closed = waiting.pop()
            if node.ns:
                yield stack, node.ns
            for frame, callee in reversed(node.callees.items()):
                deeper = (stack, True) if closed else _deeper(stack, frame, places)
                waiting.append((callee, *deeper))


def identity(frame: str) -> str:
    """A frame's function, whatever line it is at."""
    return frame.partition("\x01")[0]


def below_start(stack: list[str], start: tuple[str, ...]) -> list[str]:
    """The stack without the frames around the capture, of the identities ``start``; its own frame stays."""
    around = tuple(map(identity, stack[: len(start)]))
    return stack[len(around) - len(below(around, start)) :]


def is_our_own(stack: list[str]) -> bool:
    """Whether a stack below the start is of taking the capture, and not of what is captured."""
    if not stack:
        return True
    outer, callee = _function(stack[0]), _function(stack[1]) if len(stack) > 1 else ("", "")
    if is_wrapper(outer[1]) and (len(stack) == 1 or callee[0] in _STEPS):
        return True
    return is_machinery(callee[1])


def _function(frame: str) -> tuple[str, str]:
    """The name and the file of a frame's function; the mark for awaiting has no file."""
    name, _, origin = identity(frame).partition("\x00")
    return name, origin.partition("\x00")[0]


def _deeper(stack: Stack, frame: str, places: Places) -> tuple[Stack, bool]:
    """The stack with one more frame if it is one to be seen, and whether what it calls is not."""
    name, file = _function(frame)
    if name in _NOT_RUNNING or (name == "select" and file.endswith(_SELECTORS)):
        return (*stack, _AWAITING), True
    if is_machinery(file):
        return stack, True
    line = next((int(text[1:]) for text in frame.split("\x01")[1:] if text[:1] == "l"), 0)
    place = None if file == "<thread>" else places(file, line, name)
    return (stack if place is None else (*stack, place)), False
