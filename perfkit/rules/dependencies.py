"""Which awaits of one function need what an earlier one has brought, as its source shows.

A trace shows that calls came one after another, never why. The source does: a later await may read a variable
that an earlier answer has fed, run only if the answer was such, or take what a function on the way kept of
it (``effects``). Whatever cannot be told counts as needed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
        self._awaited: dict[Frame, bool] = {}

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
        if frame not in self._awaited:
            source = self._sources.of(frame)
            around = source.around(frame) if source is not None else ()
            self._awaited[frame] = bool(around) and awaits(around[-1])
        return self._awaited[frame]

    def is_one_await(self, frame: Frame) -> bool:
        """Whether the line belongs to a simple statement with one await: a round comes by it once."""
        source = self._sources.of(frame)
        around = source.around(frame) if source is not None else ()
        if not around or isinstance(around[-1], COMPOUND):
            return False
        return sum(isinstance(node, ast.Await) for node in within(around[-1])) == 1

    def blocks(self, frame: Frame, calls: Calls) -> list[list[Wait]]:
        """The awaits with calls in each block of the frame's function that has several of them, in order."""
        function = self.function(frame)
        if function is None:
            return []
        found = []
        for block in _blocks(function.body):
            scan = _Scan(self, frame.file, calls)
            if (
                sum(scan.has_calls(statement) for statement in block)
                and scan.run(block)
                and len(scan.waits) > 1
            ):
                found.append(scan.waits)
        return found

    def rounds(self, frame: Frame) -> list[Rounds]:
        """The loops and comprehensions around a line of its function, the innermost first."""
        source = self._sources.of(frame)
        around = source.around(frame) if source is not None else ()
        loops: list[ast.AST] = [
            node for node in around if isinstance(node, LOOPS) and _in_body(node, frame.line)
        ]
        if around:
            loops += [
                node
                for node in within(around[-1])
                if isinstance(node, COMPREHENSIONS) and holds(node, frame.line) and awaits(node)
            ]
        return [node for node in reversed(loops) if isinstance(node, Rounds)]

    def is_free(self, loop: Rounds, frame: Frame, calls: Calls, *, pauses: bool = False) -> bool:
        """Whether no round needs what an earlier one brought; ``pauses``: other waits between are fine."""
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

    def asks_the_same(self, loop: Rounds, calls: Calls) -> bool:
        """Whether each round of a loop makes its calls with the same: it tries until one has worked."""
        if isinstance(loop, COMPREHENSIONS):
            return False
        changed = flow(loop.body).changes
        if isinstance(loop, ast.For):
            changed |= flow([loop.target]).sets
        made = [node for node in _every_wait(loop.body) if any(holds(node, line) for line in calls)]
        return bool(made) and not any(flow([node]).reads & changed for node in made)

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
            if source is None or function is None:  # a lambda leaves nothing behind
                self._effects[frame] = None if source is None else Effects()
            else:
                self._effects[frame] = effects(function, source)
        return self._effects[frame]


class _Scan:
    """Goes once through a block and notes what each answer feeds.

    ``taint``: which awaits, by their number in ``waits``, have fed a name. ``control``: those that have
    decided that this is reached at all. ``ended``: one of them may have ended the loop around.
    """

    def __init__(self, dependencies: Dependencies, file: str, calls: Calls) -> None:
        self._dependencies = dependencies
        self._file = file
        self._calls = calls
        self._closures: dict[str, Names] = {}
        self.taint: dict[str, frozenset[int]] = {}
        self.control: frozenset[int] = frozenset()
        self.waits: list[Wait] = []
        self.part = 0
        self.ended = False
        self.takes_from_before = False

    def has_calls(self, node: ast.AST) -> bool:
        """Whether calls were made on its lines."""
        return any(holds(node, line) for line in self._calls)

    def fed(self, names: Names) -> frozenset[int]:
        """The awaits that have fed one of the names, or what the functions of that name read."""
        seen, waiting = set(names), list(names)
        while waiting:
            more = self._closures.get(waiting.pop(), frozenset()) - seen
            seen |= more
            waiting += more
        return frozenset(number for name in seen for number in self.taint.get(name, ()))

    def run(self, block: Sequence[ast.stmt]) -> bool:
        """Go through a block; False if it cannot be told what a call on the way does."""
        for statement in block:
            if isinstance(statement, FUNCTIONS):
                self._closures[statement.name] = free(statement)
            elif not self._step(statement):
                return False
        return True

    def _step(self, statement: ast.stmt) -> bool:
        carried = self.control
        for node in _waits(statement):
            reads = flow([node]).reads
            got = self.fed(reads) | self.control
            if self.has_calls(node):
                made = self._make(node, got)
                if made is None:
                    return False
                carried |= made
            elif got:
                for name in reads:
                    if not name.startswith("."):
                        self._feed(name, got)  # it may have been changed by what it was given
            elif not self._dependencies.is_known(self._file, node):
                self.part += 1
        self._carry(statement, carried)
        return True

    def _make(self, node: ast.AST, got: frozenset[int]) -> frozenset[int] | None:
        """Note the await of a call; what its result depends on, itself among it. None: that is unknown."""
        frames = [frame for line, inner in self._calls.items() if holds(node, line) for frame in inner]
        done = self._dependencies.effects_of(frames)
        if done is None:
            return None
        got |= self.fed(done.reads)
        self.takes_from_before |= bool(got & _BEFORE)
        needed = [self.waits[n].level for n in got if n >= 0 and self.waits[n].part == self.part]
        locked = is_locked(tuple(within(node))) or self._dependencies.is_locked(frames)
        number = len(self.waits)
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        self.waits.append(Wait(first, last or first, 1 + max(needed, default=-1), self.part, locked))
        for name in done.writes:
            self._feed(name, frozenset({number}))
        return got | {number}

    def _carry(self, statement: ast.stmt, carried: frozenset[int]) -> None:
        found = flow([statement])
        carried |= self.fed(found.reads)
        for name in found.changes:
            if name in found.sets:
                self.taint.pop(name, None)
            self._feed(name, carried)
        if carried and leaves(statement, _DECIDING):
            self.control |= carried
            self.ended |= leaves(statement, _ENDING)

    def _feed(self, name: str, numbers: frozenset[int]) -> None:
        self.taint[name] = self.taint.get(name, frozenset()) | numbers


def _blocks(block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """A block and those within it, but for other functions'."""
    yield block
    for statement in block:
        if isinstance(statement, COMPOUND):
            inner = [getattr(statement, name, []) for name in ("body", "orelse", "finalbody")]
            inner += [part.body for name in ("handlers", "cases") for part in getattr(statement, name, [])]
            for part in inner:
                yield from _blocks(part)


def _every_wait(block: list[ast.stmt]) -> Iterator[ast.AST]:
    for statement in block:
        yield from _waits(statement)


def _waits(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement waits for, in order: the whole of it where one part may decide about another."""
    if not awaits(statement):
        return
    if isinstance(statement, COMPOUND) or any(isinstance(node, ast.NamedExpr) for node in within(statement)):
        yield statement
        return
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Await, ast.BoolOp, ast.IfExp, *COMPREHENSIONS)):
            if awaits(node):
                yield node
        elif not isinstance(node, (ast.Lambda, ast.ClassDef)):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _in_body(loop: ast.AST, line: int) -> bool:
    return any(holds(statement, line) for statement in loop.body)  # type: ignore[attr-defined]
