"""Loops in which each call asks for what the last answer named: no list of items is there to ask for at once.

Pages behind a link, a manager's manager, a search by halving. Told from the program's source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.model import Frame
from perfkit.rules.sources import Sources

if TYPE_CHECKING:
    import ast


def is_chain(frame: Frame, sources: Sources) -> bool:
    """Whether a line in a ``while`` loop makes a call with what an earlier round's call has given.

    What is taken from a collection that answers are put into does not count: that is a list of items.
    """
    import ast

    source = sources.of(frame)
    if source is None:
        return False
    around = source.around(frame)
    loops = [node for node in around if isinstance(node, (ast.For, ast.AsyncFor, ast.While))]
    if not loops or not isinstance(loops[-1], ast.While):
        return False
    inside = around[around.index(loops[-1]) + 1 :]
    if not inside:
        return False  # in the loop's test
    return _feeds_itself(loops[-1], frame.line)


def _feeds_itself(loop: ast.While, line: int) -> bool:
    """Whether names that the call on the line uses are set from what it gives, if by way of others."""
    import ast

    statements = [node for node in ast.walk(loop) if isinstance(node, ast.stmt) and node is not loop]
    calls = [
        node
        for node in ast.walk(loop)
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line)
    ]
    used = {name for call in calls for name in _loaded([*call.args, *[k.value for k in call.keywords]])}
    given: set[str] = set()
    size = -1
    while size != len(given):
        size = len(given)
        for statement in statements:
            made = _makes(statement, calls)
            if isinstance(statement, ast.If) and (made or _loaded([statement.test]) & given):
                given |= _set_in([*statement.body, *statement.orelse])
            elif _is_set_from(statement, given, made):
                given |= _set_in([statement])
    return bool(used & given)


def _is_set_from(statement: ast.stmt, given: set[str], made: bool) -> bool:
    import ast

    if not isinstance(statement, (ast.Assign, ast.AnnAssign)) or statement.value is None:
        return False
    return made or bool(_loaded([statement.value]) & given)


def _makes(statement: ast.stmt, calls: list[ast.Call]) -> bool:
    """Whether one of the calls is part of what the statement itself evaluates."""
    import ast

    value = statement.test if isinstance(statement, ast.If) else getattr(statement, "value", None)
    return value is not None and any(node in calls for node in ast.walk(value))


def _loaded(nodes: list[ast.expr]) -> set[str]:
    import ast

    return {n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name)}


def _set_in(statements: list[ast.stmt]) -> set[str]:
    import ast

    return {
        n.id
        for statement in statements
        for n in ast.walk(statement)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
