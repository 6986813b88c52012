"""Calls that one run of a function made one after another: its awaits, and the rounds of its loops.

A trace has call paths, and no numbers for the runs of functions. But a task does one thing at a time: calls
whose paths are equal down to a function, next to each other in the task, come from one run of it, until its
lines begin again.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from perfkit.model import Frame, Span
from perfkit.rules.dependencies import Dependencies, Rounds, Wait
from perfkit.rules.parsed import COMPREHENSIONS, OWN_FRAMES, holds

Path = tuple[Frame, ...]


class Call(NamedTuple):
    """One operation of a task. ``path``: outermost first. ``part``: the task's calls fall into parts where
    something else happened that has its place between them, a write for example.
    """  # noqa: D205

    span: Span
    path: Path
    part: int


Steps = list[list[Call]]


class Serial(NamedTuple):
    """Steps, each of one call or several, that need nothing of each other.

    ``depth`` is the place of their function in the paths; ``loop``: they are the rounds of a loop.
    """

    depth: int
    steps: Steps
    loop: bool = False

    @property
    def frame(self) -> Frame:
        """The line of the first step."""
        return self.steps[0][0].path[self.depth]

    @property
    def lines(self) -> tuple[int, ...]:
        """The lines of its function on which the steps are made, each once, in their order."""
        return tuple(dict.fromkeys(step[0].path[self.depth].line for step in self.steps))


def outermost_first(path: Path) -> Path:
    """A call path in which a comprehension that has a frame of its own is a line of its function."""
    found: list[Frame] = []
    for frame in reversed(path):
        around, _, name = frame.function.rpartition(".")
        if name not in OWN_FRAMES:
            found.append(frame)
        elif found and (found[-1].file, found[-1].function) == (frame.file, around):
            found[-1] = Frame(frame.file, frame.line, around)
    return tuple(found)


class Groups:
    """Finds independent steps, at least ``needed`` of them, among the calls of one task after another.

    Tasks that made the same calls from the same lines are looked at once.
    """

    def __init__(self, dependencies: Dependencies, needed: int) -> None:
        self._dependencies = dependencies
        self._needed = needed
        self._paths: dict[int, Path] = {}
        self._known: dict[Hashable, list[tuple[Serial, list[list[int]]]]] = {}

    def call(self, span: Span, part: int) -> Call:
        """The call that a span records."""
        path = self._paths.get(id(span.path))  # paths are shared between spans
        if path is None:
            path = self._paths[id(span.path)] = outermost_first(span.path)
        return Call(span, path, part)

    def of(self, calls: Sequence[Call]) -> Iterator[Serial]:
        """The groups among the calls of a task, each call in at most one."""
        key = tuple([(id(call.path), call.span.name, call.part) for call in calls])
        if key not in self._known:
            numbers = {id(call): number for number, call in enumerate(calls)}
            self._known[key] = [
                (group, [[numbers[id(call)] for call in step] for step in group.steps])
                for group in self._found(calls)
            ]
        for group, steps in self._known[key]:
            yield group._replace(steps=[[calls[number] for number in step] for step in steps])

    def _found(self, calls: Sequence[Call]) -> Iterator[Serial]:
        """What lies further inside comes first: less happens there that no source shows."""
        taken = set[int]()
        for group in _in_functions(calls, 0, self._dependencies, self._needed):
            ids = {id(call) for step in group.steps for call in step}
            if not ids & taken:
                taken |= ids
                yield group


def _in_functions(
    calls: Sequence[Call], depth: int, dependencies: Dependencies, needed: int
) -> Iterator[Serial]:
    for of_function in _runs(calls, needed, lambda call: _function(call, depth)):
        if _function(of_function[0], depth) is None:
            continue
        for of_line in _runs(of_function, needed, lambda call: call.path[depth]):
            yield from _in_functions(of_line, depth + 1, dependencies, needed)
        for group in _of_function(of_function, depth, dependencies):
            if len(group.steps) >= needed:
                yield group


def _function(call: Call, depth: int) -> tuple[str, str] | None:
    if len(call.path) <= depth:
        return None
    frame = call.path[depth]
    return frame.file, frame.function


def _runs(calls: Iterable[Call], needed: int, key: object) -> Iterator[list[Call]]:
    """Calls next to each other with the same key, where there are enough of them."""
    for _, run in groupby(calls, key):  # type: ignore[call-overload]
        found = list(run)
        if len(found) >= needed:
            yield found


def _of_function(calls: list[Call], depth: int, dependencies: Dependencies) -> Iterator[Serial]:
    """The groups among calls of one function, at ``depth`` of their paths: of loops, then of blocks."""
    frame = calls[0].path[depth]
    if dependencies.function(frame) is None:
        return
    lines: dict[int, list[Frame]] = {}
    for call in calls:
        lines.setdefault(call.path[depth].line, []).extend(call.path[depth + 1 :])
    made = {line: tuple(dict.fromkeys(frames)) for line, frames in lines.items()}
    loops = {id(loop): loop for line in made for loop in dependencies.rounds(frame_at(frame, line))}
    for loop in loops.values():
        if dependencies.is_free(loop, frame, made):
            yield from _of_loop(
                [call for call in calls if _is_in(loop, call.path[depth].line)], depth, dependencies
            )
    for waits in dependencies.blocks(frame, made):
        for steps in _passes(calls, waits, depth):
            yield from _of_block(steps, waits, depth)


def frame_at(frame: Frame, line: int) -> Frame:
    """Another line of the same function."""
    return Frame(frame.file, line, frame.function)


def _is_in(loop: Rounds, line: int) -> bool:
    if isinstance(loop, COMPREHENSIONS):
        return holds(loop, line)
    return any(holds(statement, line) for statement in loop.body)


def _of_loop(calls: list[Call], depth: int, dependencies: Dependencies) -> Iterator[Serial]:
    """The rounds of each run of a loop; one that asks for the same as an earlier one begins another run."""
    steps: Steps = []
    names = set[str]()
    for calls_of_round in _rounds(calls, depth, dependencies):
        first, last = calls_of_round[0], calls_of_round[-1]
        if steps and (first.part != steps[-1][-1].part or first.span.name in names):
            yield Serial(depth, steps, loop=True)
            steps, names = [], set()
        if first.part == last.part:
            steps.append(calls_of_round)
            names.add(first.span.name)
    if steps:
        yield Serial(depth, steps, loop=True)


def _rounds(calls: list[Call], depth: int, dependencies: Dependencies) -> Iterator[list[Call]]:
    """A round begins with a path that came before, or with another function called by the one await."""
    found: list[Call] = []
    paths = set[Path]()
    for call in calls:
        frame, inner = call.path[depth], _function(call, depth + 1)
        if found and (
            call.path in paths
            or (
                frame == found[-1].path[depth]
                and inner != _function(found[-1], depth + 1)
                and dependencies.is_one_await(frame)
            )
        ):
            yield found
            found, paths = [], set()
        found.append(call)
        paths.add(call.path)
    if found:
        yield found


def _passes(calls: list[Call], waits: list[Wait], depth: int) -> Iterator[dict[int, list[Call]]]:
    """The calls of each time that a block ran, by the number of the await."""
    steps: dict[int, list[Call]] = {}
    last = -1
    for call in calls:
        line = call.path[depth].line
        fitting = [n for n, wait in enumerate(waits) if wait.first <= line <= wait.last]
        if not fitting:
            continue
        number = next((n for n in fitting if n > last), fitting[0])
        if last in fitting and (number <= last or all(call.path != other.path for other in steps[last])):
            number = last
        if number < last:
            yield steps
            steps = {}
        last = number
        steps.setdefault(number, []).append(call)
    if steps:
        yield steps


def _of_block(steps: dict[int, list[Call]], waits: list[Wait], depth: int) -> Iterator[Serial]:
    """Those of the steps that need nothing of each other and have nothing between them."""
    groups: dict[Hashable, Steps] = {}
    for number, calls in steps.items():
        wait = waits[number]
        if not wait.locked and calls[0].part == calls[-1].part:
            groups.setdefault((wait.part, calls[0].part, wait.level), []).append(calls)
    for group in groups.values():
        yield Serial(depth, group)
