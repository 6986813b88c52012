"""What a function leaves behind for others, apart from its result, and what it takes of that.

``self.token = (await login())["token"]`` in one call and ``self.token`` in the next: the second needs the
first although no variable goes from one to the other. Only what an awaited answer has fed counts: a counter,
or a session that is made when it is first needed, makes no call wait for another.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from perfkit.rules.flows import ITSELF, Names, awaits, flow, variables
from perfkit.rules.parsed import FUNCTIONS, Chain, Function, Source, parameters

MAX_REACHED = 200
"""So many functions are followed from one; beyond, what they do is not known."""

_LOCK = re.compile("lock|mutex", re.I)


class Effects(NamedTuple):
    """Attributes (``.token``), variables of the module, and parameters (``(found)``) by their name."""

    reads: Names = frozenset()
    writes: Names = frozenset()


def effects(function: Function, source: Source) -> Effects | None:
    """Of a function and of all in its file that it could call, by their names; None if those are too many."""
    by_name = source.by_name
    own = _own(function, frozenset(), by_name.keys())
    reads, writes = set(own.reads), set(own.writes)
    seen, waiting = {id(function)}, [function]
    while waiting:
        for name in _mentioned(waiting.pop()):
            for other in by_name.get(name, ()):
                if id(other) not in seen:
                    seen.add(id(other))
                    waiting.append(other)
                    found = _own(other, parameters(other) - ITSELF, by_name.keys())
                    reads |= found.reads
                    writes |= found.writes
        if len(seen) > MAX_REACHED:
            return None
    return Effects(frozenset(reads), frozenset(writes))


def is_locked(chain: Chain) -> bool:
    """Whether one of the statements holds a lock, as its name tells."""
    return any(
        isinstance(part, (ast.Name, ast.Attribute))
        and _LOCK.search(getattr(part, "attr", getattr(part, "id", "")))
        for node in chain
        if isinstance(node, (ast.With, ast.AsyncWith))
        for item in node.items
        for part in ast.walk(item.context_expr)
    )


def _own(function: Function, given: Iterable[str], known: Iterable[str]) -> Effects:
    """Of the function's own statements; ``given`` are parameters that may hold answers."""
    own, arguments, known = variables(function), parameters(function), set(known)
    answers, writes = set(given), set[str]()
    for statement, certain in _in_line(function.body):
        found = flow([statement])
        if not awaits(statement) and not found.reads & answers:
            answers -= found.sets if certain else set()
            continue
        answers |= found.changes
        for name in found.changes:
            if name.startswith(".") or name not in own:
                writes.add(name)
            elif name in arguments and name not in found.sets and not _by_method(statement, name, known):
                writes.add(f"({name})")
    reads = flow(function.body).reads
    passed = {f"({name})" for name in reads & arguments}
    return Effects(frozenset((reads - own) | passed), frozenset(writes))


def _by_method(statement: ast.AST, name: str, known: set[str]) -> bool:
    """Whether it changes ``name`` only by a method that is looked at by itself: ``self.check(answer)``."""
    call = getattr(statement, "value", None)
    return (
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in known
        and getattr(call.func.value, "id", "") == name
    )


def _in_line(block: list[ast.stmt], certain: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """The statements of a block and of the ``with`` and ``try`` in it, and whether each surely runs."""
    for statement in block:
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            yield type(statement)(items=statement.items, body=[]), certain
            yield from _in_line(statement.body, certain)
        elif isinstance(statement, ast.Try):
            yield from _in_line([*statement.body, *statement.orelse], certain=False)
            for handler in statement.handlers:
                yield from _in_line(handler.body, certain=False)
            yield from _in_line(statement.finalbody, certain)
        else:
            yield statement, certain


def _mentioned(function: Function) -> set[str]:
    names = set[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, FUNCTIONS) and node is not function:
            names.add(node.name)
    return names
