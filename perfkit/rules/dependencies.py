"""Which awaits of one function need what an earlier one has brought, as its source shows.

A trace shows that calls came one after another, never why. The source does: a later await may read a variable
that an earlier answer has fed, run only if the answer was such, or take what a function on the way kept of
it (``effects``). Whatever cannot be told counts as needed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from perfkit.model import Frame
from perfkit.rules.effects import Effects, effects, is_locked
from perfkit.rules.flows import COMPOUND, Names, awaits, flow, free, leaves, within
from perfkit.rules.parsed import COMPREHENSIONS, FUNCTIONS, LOOPS, Function, holds
from perfkit.rules.sources import Sources

Calls = Mapping[int, Sequence[Frame]]
"""The lines of a function on which calls were made, each with the frames between it and the calls."""

Rounds = ast.For | ast.While | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

_DECIDING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
_ENDING = (ast.Return, ast.Raise, ast.Break)
_BEFORE = frozenset({-1})
"""Stands for all awaits of the round before."""


@dataclass(frozen=True)
class Wait:
    """An await of a block in which calls were made. ``first`` and ``last`` are its lines.

    ``level``: 0 if it needs none of the others, else one more than the highest that it needs. ``part``: the
    block falls into parts where something waits that has nothing to do with the calls, a pause for example.
    ``locked``: a lock is held meanwhile.
    """

    first: int
    last: int
    level: int
    part: int
    locked: bool


class Dependencies:
    """Answers for one trace; ``known`` are the lines on which operations were recorded that only read."""

    def __init__(self, sources: Sources, known: frozenset[tuple[str, int]] = frozenset()) -> None:
        self._sources = sources
        self._known = known
        self._effects: dict[Frame, Effects | None] = {}

    def function(self, frame: Frame) -> Function | None:
        """The function of a frame if it is a coroutine and can be read; None for an async generator."""
        source = self._sources.of(frame)
        function = source.function(frame) if source is not None else None
        if not isinstance(function, ast.AsyncFunctionDef):
            return None
        yields = any(isinstance(n, (ast.Yield, ast.YieldFrom)) for s in function.body for n in within(s))
        return None if yields else function

    def is_awaited(self, frame: Frame) -> bool:
        """Whether the line waits for what is called on it."""
        source = self._sources.of(frame)
        around = source.around(frame) if source is not None else ()
        return bool(around) and awaits(around[-1])

    def blocks(self, frame: Frame, calls: Calls) -> list[list[Wait]]:
        """The awaits with calls in each block of the frame's function that has several of them, in order."""
        function = self.function(frame)
        if function is None:
            return []
        found = []
        for block in _blocks(function.body):
            scan = _Scan(self, frame.file, calls)
            if sum(scan.has_calls(statement) for statement in block) and scan.run(block) and len(scan.waits) > 1:
                found.append(scan.waits)
        return found

    def rounds(self, frame: Frame) -> list[Rounds]:
        """The loops and comprehensions around a line of its function, the innermost first."""
        source = self._sources.of(frame)
        around = source.around(frame) if source is not None else ()
        loops = [node for node in around if isinstance(node, LOOPS) and _in_body(node, frame.line)]
        if around:
            loops += [node for node in within(around[-1]) if isinstance(node, COMPREHENSIONS) and holds(node, frame.line)]
        return [node for node in reversed(loops) if not isinstance(node, ast.AsyncFor)]

    def is_free(self, loop: Rounds, frame: Frame, calls: Calls, *, pauses: bool = False) -> bool:
        """Whether no round needs what an earlier one brought; ``pauses``: it may wait for other things between."""
        if isinstance(loop, COMPREHENSIONS):
            return not any(generator.is_async for generator in loop.generators)
        scan = _Scan(self, frame.file, calls)
        if is_locked((loop,)) or not scan.run(loop.body) or not scan.waits:
            return False
        if scan.ended or any(wait.locked for wait in scan.waits) or (scan.part and not pauses):
            return False
        again = _Scan(self, frame.file, calls)
        again.taint = {name: _BEFORE for name, numbers in scan.taint.items() if numbers}
        head = loop.iter if isinstance(loop, ast.For) else loop.test
        if again.fed(flow([head]).reads):
            return False
        for name in flow([loop.target]).sets if isinstance(loop, ast.For) else ():
            again.taint.pop(name, None)
        again.run(loop.body)
        return not again.takes_from_before

    def effects_of(self, frames: Sequence[Frame]) -> Effects | None:
        """What the functions on the way to a call leave behind and take; None if one cannot be read."""
        found = [self._effects_of(frame) for frame in frames]
        if any(one is None for one in found):
            return None
        known = [one for one in found if one is not None]
        return Effects(
            frozenset(name for one in known for name in one.reads),
            frozenset(name for one in known for name in one.writes),
        )

    def is_known(self, file: str, node: ast.AST) -> bool:
        """Whether what is awaited there was recorded, and only read."""
        lines = range(node.lineno, (node.end_lineno or node.lineno) + 1)  # type: ignore[attr-defined]
        return any((file, line) in self._known for line in lines)

    def is_locked(self, frames: Sequence[Frame]) -> bool:
        """Whether a lock is held at one of the frames."""
        sources = ((self._sources.of(frame), frame) for frame in frames)
        return any(source is not None and is_locked(source.around(frame)) for source, frame in sources)

    def _effects_of(self, frame: Frame) -> Effects | None:
        if frame not in self._effects:
            source = self._sources.of(frame)
            function = source.function(frame) if source is not None else None
            known = source is not None and function is not None
            self._effects[frame] = effects(function, source) if known else None  # type: ignore[arg-type]
        return self._effects[frame]
