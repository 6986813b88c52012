"""Which names a piece of code reads and changes, and whether it leaves what is around it.

Variables go by their name, attributes by a dot and theirs, whosever they are: ``.token``. That is coarse, and
errs on the side of two pieces having something to do with each other.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from perfkit.rules.parsed import COMPREHENSIONS, FUNCTIONS, LOOPS, Function, parameters

Names = frozenset[str]

COMPOUND = (ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match, *LOOPS)
ITSELF = frozenset({"self", "cls"})


class Flow(NamedTuple):
    """``reads``: what it takes from before. ``sets``: variables that are new afterwards in any case.

    ``changes``: all that may be different afterwards, ``sets`` among it. What a result is only put into
    (``found.append(x)``, ``found[key] = x``, ``total += x``) is changed and not read.
    """

    reads: Names
    sets: Names
    changes: Names


def flow(nodes: Iterable[ast.AST]) -> Flow:
    """What statements or expressions read and change, one after another."""
    reader = _Reader()
    for node in nodes:
        reader.visit(node)
    return Flow(frozenset(reader.reads), frozenset(reader.known), frozenset(reader.changes))


def within(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all below it that runs with it: not the insides of functions and lambdas."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        yield found
        if not isinstance(found, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            waiting.extend(reversed(list(ast.iter_child_nodes(found))))


def awaits(node: ast.AST) -> bool:
    """Whether it waits for anything."""
    return any(
        isinstance(found, (ast.Await, ast.AsyncFor, ast.AsyncWith))
        or (isinstance(found, ast.comprehension) and found.is_async)
        for found in within(node)
    )


def leaves(node: ast.AST, kinds: tuple[type[ast.stmt], ...]) -> bool:
    """Whether it may end the block it stands in, by a statement of these kinds.

    An error that is caught and raised as another was an error before: that decides nothing.
    """
    if isinstance(node, kinds):
        return True
    if isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.expr)):
        return False
    if isinstance(node, LOOPS):
        kinds = tuple(kind for kind in kinds if kind not in (ast.Break, ast.Continue))
    if isinstance(node, ast.ExceptHandler):
        kinds = tuple(kind for kind in kinds if kind is not ast.Raise)
    return bool(kinds) and any(leaves(child, kinds) for child in ast.iter_child_nodes(node))


def free(function: Function) -> Names:
    """What a nested function reads of the variables around it, and of attributes."""
    return flow(function.body).reads - variables(function)


def variables(function: Function) -> Names:
    """The names that are the function's own: its parameters, and what it sets."""
    arguments = function.args
    stars = {star.arg for star in (arguments.vararg, arguments.kwarg) if star is not None}
    outside, own = set[str](), set[str]()
    for statement in function.body:
        for node in within(statement):
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                outside.update(node.names)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                own.add(node.id)
            elif isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)) and node.name:
                own.add(node.name)
    return frozenset((own | stars | parameters(function)) - outside)


class _Reader:
    """Walks in the order in which things are evaluated."""

    def __init__(self) -> None:
        self.reads: set[str] = set()
        self.known: set[str] = set()
        self.changes: set[str] = set()

    def visit(self, node: ast.AST) -> None:
        """Read one node and what is below it."""
        how = _READ.get(type(node))
        if how is None:
            self._visit_all(ast.iter_child_nodes(node))
        else:
            how(self, node)

    def _name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self._set(node.id)
        elif node.id not in self.known:
            self.reads.add(node.id)

    def _attribute(self, node: ast.Attribute) -> None:
        if isinstance(node.ctx, ast.Store):
            self._put_into(node)
        else:
            self.reads.add(f".{node.attr}")
            self.visit(node.value)

    def _subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.ctx, ast.Store):
            self._put_into(node)
        else:
            self._visit_all(ast.iter_child_nodes(node))

    def _assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._visit_all(node.targets)

    def _annotated(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.visit(node.target)

    def _augmented(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        self._put_into(node.target)

    def _named(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.visit(node.target)

    def _expression(self, node: ast.Expr) -> None:
        call = node.value
        if not isinstance(call, ast.Call):
            self.visit(call)
            return
        if isinstance(call.func, ast.Attribute):
            self._put_into(call.func.value, by_call=True)
        else:
            self.visit(call.func)
        for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
            self.visit(argument)
            if isinstance(argument, ast.Name):
                self.changes.add(argument.id)

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.visit(item.optional_vars)
        self._visit_all(node.body)

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        self._branches([node.body, node.orelse])

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._branches([[node.target, *node.body], []])
        self._visit_all(node.orelse)

    def _while(self, node: ast.While) -> None:
        self.visit(node.test)
        self._branches([node.body, []])
        self._visit_all(node.orelse)

    def _try(self, node: ast.Try | ast.TryStar) -> None:
        self._branches([[*node.body, *node.orelse], *[[handler] for handler in node.handlers]])
        self._visit_all(node.finalbody)

    def _handler(self, node: ast.ExceptHandler) -> None:
        if node.type is not None:
            self.visit(node.type)
        if node.name:
            self._set(node.name)
        self._visit_all(node.body)

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        cases = [[case.pattern, *([case.guard] if case.guard else []), *case.body] for case in node.cases]
        last = node.cases[-1]
        is_wildcard = isinstance(last.pattern, ast.MatchAs) and not last.pattern.pattern and not last.guard
        self._branches(cases if is_wildcard else [*cases, []])

    def _captured(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self._visit_all(ast.iter_child_nodes(node))
        if node.name:
            self._set(node.name)

    def _rest(self, node: ast.MatchMapping) -> None:
        self._visit_all(ast.iter_child_nodes(node))
        if node.rest:
            self._set(node.rest)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        defaults = [default for default in node.args.kw_defaults if default is not None]
        self._visit_all([*node.decorator_list, *node.args.defaults, *defaults])
        self._set(node.name)

    def _class(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases])
        self._set(node.name)

    def _lambda(self, node: ast.Lambda) -> None:
        self._apart(
            [],
            [node.body],
            {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)},
        )

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)
        rounds: list[ast.AST] = []
        for number, generator in enumerate(node.generators):
            rounds += [*([generator.iter] if number else []), generator.target, *generator.ifs]
        elements = [getattr(node, name) for name in ("key", "value", "elt") if hasattr(node, name)]
        self._apart(rounds, elements, set())

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            self._set((alias.asname or alias.name).partition(".")[0])

    def _set(self, name: str) -> None:
        self.known.add(name)
        self.changes.add(name)

    def _put_into(self, target: ast.AST, *, by_call: bool = False) -> None:
        """``target`` is changed by what is put into it; its own value is not asked for."""
        stored = target
        while isinstance(stored, (ast.Attribute, ast.Subscript, ast.Call, ast.Await, ast.Starred)):
            if isinstance(stored, ast.Attribute):
                self.changes.add(f".{stored.attr}")
            elif isinstance(stored, ast.Subscript):
                self.visit(stored.slice)
            elif isinstance(stored, ast.Call):
                self._visit_all([*stored.args, *(keyword.value for keyword in stored.keywords)])
            stored = stored.func if isinstance(stored, ast.Call) else stored.value
        if not isinstance(stored, ast.Name):
            self.visit(stored)
        elif stored is target or by_call or stored.id not in ITSELF:
            self.changes.add(stored.id)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _branches(self, branches: Iterable[Sequence[ast.AST]]) -> None:
        """One of several; what all of them that go on have set is known afterwards."""
        before, after = self.known, list[set[str]]()
        for branch in branches:
            self.known = set(before)
            self._visit_all(branch)
            if not _ends(branch):
                after.append(self.known)
        self.known = set.intersection(*after) if after else before

    def _apart(self, before: list[ast.AST], nodes: list[ast.AST], own: set[str]) -> None:
        """With variables of its own, which nobody else sees."""
        known, changes = self.known, set(self.changes)
        self.known = known | own
        self._visit_all([*before, *nodes])
        self.known, self.changes = known, changes


def _ends(branch: Sequence[ast.AST]) -> bool:
    """Whether what comes after a branch is not reached from it."""
    last = branch[-1] if branch else None
    if isinstance(last, ast.ExceptHandler):
        last = last.body[-1]
    return isinstance(last, (ast.Return, ast.Raise, ast.Continue, ast.Break))


_READ: dict[type[ast.AST], Callable[[_Reader, Any], None]] = {
    ast.Name: _Reader._name,
    ast.Attribute: _Reader._attribute,
    ast.Subscript: _Reader._subscript,
    ast.Assign: _Reader._assign,
    ast.AnnAssign: _Reader._annotated,
    ast.AugAssign: _Reader._augmented,
    ast.NamedExpr: _Reader._named,
    ast.Expr: _Reader._expression,
    ast.With: _Reader._with,
    ast.AsyncWith: _Reader._with,
    ast.If: _Reader._if,
    ast.For: _Reader._for,
    ast.AsyncFor: _Reader._for,
    ast.While: _Reader._while,
    ast.Try: _Reader._try,
    ast.TryStar: _Reader._try,
    ast.ExceptHandler: _Reader._handler,
    ast.Match: _Reader._match,
    ast.MatchAs: _Reader._captured,
    ast.MatchStar: _Reader._captured,
    ast.MatchMapping: _Reader._rest,
    ast.FunctionDef: _Reader._function,
    ast.AsyncFunctionDef: _Reader._function,
    ast.ClassDef: _Reader._class,
    ast.Lambda: _Reader._lambda,
    **dict.fromkeys(COMPREHENSIONS, _Reader._comprehension),
    ast.Import: _Reader._import,
    ast.ImportFrom: _Reader._import,
}
"""How each kind of node is read; of any other, its parts in their order."""
