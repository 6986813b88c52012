"""What the program makes of a result it fetched, as far as its source shows: a page, a count, some rows.

Follows the value from the call that fetched it through awaits, fetch methods, ``list`` and plain
comprehensions, through the variables it is put into and out of the functions that return it. Anything else
(a loop, an argument, a lasting place) may use all rows, and then nothing is said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from perfkit.model import Frame
from perfkit.rules.parsed import COMPREHENSIONS, FUNCTIONS, LOOPS, OWN_FRAMES, called, expressions, holds
from perfkit.rules.sources import Sources

TAKING_ONE = frozenset({"first", "fetchone", "fetchval", "one_or_none", "scalar"})
FETCHING = TAKING_ONE | frozenset(
    {"all", "execute", "execute_fetchall", "exec", "fetch", "fetch_all", "fetchall", "fetchmany", "iterator"}
    | {"mappings", "scalars", "tuples", "unique"}
)
"""Methods of drivers and ORMs that run a query or give its rows: all of them, but for those of TAKING_ONE."""

RUNNING = frozenset({"execute", "executemany", "executescript", "callproc"})
"""Methods after which a cursor has another result."""

LEAVING_ROWS = frozenset({"close", "keys", "rowcount", "description", "lastrowid", "closed"})
"""Methods and attributes that ask for no row."""

WHOLE = frozenset({"iter", "list", "tuple"})
EVALUATING = frozenset({"list", "tuple", "len", "bool", "sorted"})

MAX_STEPS = 50
"""A value that goes through more hands is not followed."""

Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Module
Place = tuple[int, int]
_NEVER: Place = (2**31, 0)


class Use(NamedTuple):
    """One thing made of a result: ``kind`` is "page", "first", "count", "test", "filter" or "return".

    ``rows``: how many are used, if the source says so (0: it does not).
    """

    kind: str
    line: int
    rows: int = 0
    file: str = ""


class _AllUsedError(Exception):
    """All rows may be used, or it cannot be told."""


def uses(path: Sequence[Frame], sources: Sources) -> list[Use]:
    """What is made of the result that was fetched at the innermost line of ``path``; [] if that is open."""
    frames = [frame for frame in path if frame.function.rpartition(".")[2] not in OWN_FRAMES]
    found: list[Use] = []
    callee = ""
    try:
        for frame in frames:
            if sources.is_wrapper(frame):
                continue
            source = sources.of(frame)
            if source is None or frame.function == "<lambda>":
                return []
            scope: Scope = source.function(frame) or source.tree
            owner = source.around(frame)[-1:]
            made = _Result(scope).of(owner[0], frame.line, callee) if owner else []
            found += [use._replace(file=frame.file) for use in made if use.kind != "return"]
            if not any(use.kind == "return" for use in made):
                return found
            callee = frame.function.rpartition(".")[2]
    except (_AllUsedError, RecursionError):
        pass
    return []


class _Result:
    """Follows values within one function, or the module itself."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._above: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(scope):
            for child in ast.iter_child_nodes(node):
                self._above[child] = node
        self._steps = 0
        self._fetch: ast.AST = scope

    def of(self, statement: ast.AST, line: int, callee: str) -> list[Use]:
        """What is made of what ``statement`` fetches on the line; ``callee``: by calling that function."""
        self._fetch = statement
        calls = [n for n in expressions(statement) if isinstance(n, ast.Call) and holds(n, line)]
        if callee:
            found = [call for call in calls if called(call) == callee]
            if len(found) != 1:
                raise _AllUsedError  # who called it, and what for, does not show
            return self._follow(found[0])
        fetches = [c for c in calls if called(c) in FETCHING and isinstance(c.func, ast.Attribute)]
        first = [call for call in fetches if not any(_is_made_on(call, other) for other in fetches)]
        if len(first) != 1:
            return [] if first else self._of_evaluated(statement, calls)
        return self._of_fetch(first[0])

    def _of_evaluated(self, statement: ast.AST, calls: list[ast.Call]) -> list[Use]:
        """What is made of a lazy query that is evaluated here: by ``len(q)``, ``list(q)`` or ``if q``."""
        tests = [statement.test] if isinstance(statement, (ast.If, ast.While)) else []
        names = [call.args[0] for call in calls if called(call) in EVALUATING and len(call.args) == 1]
        found = [node.operand if isinstance(node, ast.UnaryOp) else node for node in (*names, *tests)]
        lazy = [node for node in found if isinstance(node, ast.Name)]
        if len(lazy) != 1:
            return [] if lazy else self._follow(names[0]) if len(names) == 1 else []
        return self._of_name(lazy[0].id, statement, _begin(statement))

    def _follow(self, node: ast.AST) -> list[Use]:
        """What is made of the value of an expression. Raises _AllUsedError."""
        self._steps += 1
        if self._steps > MAX_STEPS:
            raise _AllUsedError
        above = self._above[node]
        if isinstance(above, ast.Await):
            return self._follow(above)
        if isinstance(above, ast.Attribute):
            return self._of_attribute(above)
        if isinstance(above, ast.Call):
            return self._of_argument(node, above)
        if isinstance(above, ast.Subscript) and above.value is node:
            return self._of_subscript(above)
        if isinstance(above, ast.comprehension):
            return self._of_comprehension(above)
        if isinstance(
            above, (ast.BoolOp, ast.UnaryOp, ast.IfExp, ast.If, ast.While, ast.Assert, ast.Compare)
        ):
            return self._of_test(node, above)
        return self._of_statement(node, above)

    def _of_statement(self, node: ast.AST, above: ast.AST) -> list[Use]:
        if isinstance(above, ast.Return):
            return [Use("return", above.lineno)]
        if isinstance(above, ast.Expr):
            call = node.value if isinstance(node, ast.Await) else node
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                return []
            cursor = _dotted(call.func.value)  # which keeps the result of what it executed
            return self._of_name(cursor, above, _end(above)) if cursor else []
        targets: list[ast.expr] = []
        if isinstance(above, ast.Assign):
            targets = above.targets
        elif isinstance(above, (ast.AnnAssign, ast.NamedExpr)):
            targets = [above.target]
        elif isinstance(above, ast.withitem) and above.optional_vars is not None:
            targets = [above.optional_vars]
        if len(targets) != 1 or not isinstance(targets[0], ast.Name):
            raise _AllUsedError
        found = self._of_name(targets[0].id, self._statement(above), _end(node))
        return found + (self._follow(above) if isinstance(above, ast.NamedExpr) else [])

    def _of_attribute(self, attribute: ast.Attribute) -> list[Use]:
        call = self._above[attribute]
        if attribute.attr in LEAVING_ROWS:
            return []
        if not isinstance(call, ast.Call) or call.func is not attribute or attribute.attr not in FETCHING:
            raise _AllUsedError
        return self._of_fetch(call)

    def _of_fetch(self, call: ast.Call) -> list[Use]:
        """What is made of the rows that a method of FETCHING gives."""
        name = called(call)
        if name in TAKING_ONE or name == "fetchmany":
            self._must_happen_once(call)
        if name in TAKING_ONE:
            return [Use("first", call.lineno, 1)]
        if name == "fetchmany":
            return [Use("page", call.lineno, _between(0, _whole_number(call.args[0])) if call.args else 0)]
        return self._follow(call)

    def _of_argument(self, node: ast.AST, call: ast.Call) -> list[Use]:
        name, is_plain = called(call), isinstance(call.func, ast.Name)
        if call.args[:1] != [node] or not (is_plain or name == "islice"):
            raise _AllUsedError
        if name in WHOLE or (name == "sorted" and _sorts_by_column(call)):
            return self._follow(call)
        if name in ("len", "bool"):
            return [Use("count" if name == "len" else "test", call.lineno)]
        if name == "next":
            self._must_happen_once(call)
            return [Use("first", call.lineno, 1)]
        if name == "islice" and len(call.args) in (2, 3):
            self._must_happen_once(call)
            bounds = [_whole_number(bound) for bound in call.args[1:]]
            lower, upper = bounds if len(bounds) == 2 else (0, *bounds)
            return [Use("page", call.lineno, _between(lower, upper))]
        raise _AllUsedError

    def _of_subscript(self, subscript: ast.Subscript) -> list[Use]:
        part = subscript.slice
        if not isinstance(part, ast.Slice):
            index = _whole_number(part)
            if index is None:
                raise _AllUsedError
            return [Use("first", subscript.lineno, index + 1 if index >= 0 else -index)]
        if part.step is not None:
            raise _AllUsedError
        if part.lower is None and part.upper is None:
            return self._follow(subscript)
        lower, upper = (0 if bound is None else _whole_number(bound) for bound in (part.lower, part.upper))
        if part.upper is None:
            if lower is None or lower >= 0:
                raise _AllUsedError  # all but the first ones
            return [Use("page", subscript.lineno, -lower)]
        if upper is not None and upper < 0:
            raise _AllUsedError
        self._must_not_move(subscript, [part.lower, part.upper])
        return [Use("page", subscript.lineno, _between(lower, upper))]

    def _must_not_move(self, node: ast.AST, bounds: Sequence[ast.expr | None]) -> None:
        """A slice that moves in a loop takes one part after another, until all are taken."""
        if any(bound is not None and _whole_number(bound) is None for bound in bounds):
            self._must_happen_once(node)

    def _must_happen_once(self, node: ast.AST) -> None:
        """Per fetch, that is."""
        if self._loops(node) - self._loops(self._fetch):
            raise _AllUsedError

    def _of_comprehension(self, part: ast.comprehension) -> list[Use]:
        """One value for each row, in their order, is as good as the row."""
        whole = self._above[part]
        if not isinstance(whole, (*COMPREHENSIONS,)) or len(whole.generators) > 1:
            raise _AllUsedError
        if len(part.ifs) == 1 and _asks_for_one_value(part.ifs[0], part.target):
            self._must_happen_once(whole)
            return [Use("filter", part.ifs[0].lineno)]
        if part.ifs or not isinstance(whole, (ast.ListComp, ast.GeneratorExp)):
            raise _AllUsedError
        return self._follow(whole)

    def _of_test(self, node: ast.AST, above: ast.AST) -> list[Use]:
        test = [Use("test", getattr(node, "lineno", 0))]
        if isinstance(above, ast.BoolOp):
            is_last = above.values[-1] is node
            return self._follow(above) if is_last or isinstance(above.op, ast.Or) else test
        if isinstance(above, ast.UnaryOp):
            return test
        if isinstance(above, ast.Compare):
            others = [above.left, *above.comparators]
            if any(isinstance(other, ast.Constant) and other.value is None for other in others):
                return []
            raise _AllUsedError
        if above.test is node:  # type: ignore[attr-defined]
            return test
        if isinstance(above, ast.IfExp):
            return self._follow(above)
        raise _AllUsedError

    def _of_name(self, name: str, statement: ast.AST, begin: Place) -> list[Use]:
        """What is made of a variable from ``begin`` on, after ``statement`` has put the result there."""
        end = self._next_value(name, statement, begin)
        found: list[Use] = []
        for node in self._named(name, ast.Load):
            place = _begin(node)
            if place < begin:
                if place < _begin(statement) and self._loops(node) & self._loops(statement):
                    raise _AllUsedError  # it is read in the next round
            elif place < end:
                if self._is_elsewhere(node):
                    raise _AllUsedError
                found += self._follow(node)
        return found

    def _named(self, name: str, kind: type[ast.expr_context]) -> Iterator[ast.expr]:
        for node in ast.walk(self._scope):
            if isinstance(node, (ast.Global, ast.Nonlocal)) and name in node.names:
                raise _AllUsedError
            if (
                isinstance(node, (ast.Name, ast.Attribute))
                and isinstance(node.ctx, kind)
                and _dotted(node) == name
            ):
                yield node

    def _next_value(self, name: str, statement: ast.AST, begin: Place) -> Place:
        """Where the variable gets its next value for certain, or its cursor executes the next statement."""
        certain = {id(block) for block in self._blocks(statement)}
        stored = [(self._statement(node), False) for node in self._named(name, ast.Store)]
        ran = [(self._statement(node), True) for node in self._named(name, ast.Load) if self._runs(node)]
        ends = [_NEVER]
        for owner, runs in stored + ran:
            if _begin(owner) <= begin:
                continue
            if any(id(block) in certain for block in self._blocks(owner)[:1]):
                ends.append(_begin(owner) if runs else _end(owner))
            elif runs:
                raise _AllUsedError
        return min(ends)

    def _runs(self, node: ast.AST) -> bool:
        above = self._above[node]
        return isinstance(above, ast.Attribute) and above.attr in RUNNING

    def _blocks(self, statement: ast.AST) -> list[list[ast.stmt]]:
        """The blocks a statement stands in, the innermost first: what follows there follows for certain."""
        found: list[list[ast.stmt]] = []
        node = statement
        while node is not self._scope:
            above = self._above[node]
            for name in ("body", "orelse", "finalbody"):
                block = getattr(above, name, None)
                if isinstance(block, list) and any(step is node for step in block):
                    found.append(block)
            node = above
        return found

    def _loops(self, node: ast.AST) -> set[ast.AST]:
        found = set[ast.AST]()
        while node is not self._scope:
            node = self._above[node]
            if isinstance(node, (*LOOPS, *COMPREHENSIONS)):
                found.add(node)
        return found

    def _is_elsewhere(self, node: ast.AST) -> bool:
        """Whether it stands in a function within, which may run at any time."""
        while node is not self._scope:
            node = self._above[node]
            if isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ClassDef)) and node is not self._scope:
                return True
        return False

    def _statement(self, node: ast.AST) -> ast.AST:
        while not isinstance(node, ast.stmt):
            node = self._above[node]
        return node


def _is_made_on(outer: ast.Call, inner: ast.Call) -> bool:
    """Whether ``outer`` is a method of what ``inner`` gives: ``inner(...).outer()``."""
    node: ast.AST = outer
    while isinstance(node, (ast.Call, ast.Attribute, ast.Await)):
        node = node.func if isinstance(node, ast.Call) else node.value
        if node is inner:
            return True
    return False


def _sorts_by_column(call: ast.Call) -> bool:
    """Whether a database could sort so, too: by the values themselves, or by a field of them."""
    for keyword in call.keywords:
        if keyword.arg != "key":
            continue
        key = keyword.value
        plain = isinstance(key, ast.Call) and called(key) in ("itemgetter", "attrgetter")
        if not plain and not (isinstance(key, ast.Lambda) and _is_field(key.body)):
            return False
    return True


def _asks_for_one_value(condition: ast.expr, row: ast.expr) -> bool:
    """Whether it compares a field of the row with a value that is the same for all rows."""
    if not isinstance(condition, ast.Compare) or [type(op) for op in condition.ops] != [ast.Eq]:
        return False
    if not isinstance(row, ast.Name):
        return False
    sides = (condition.left, condition.comparators[0])
    fields = [isinstance(side, (ast.Attribute, ast.Subscript)) and _is_of(side, row.id) for side in sides]
    return fields.count(True) == 1 and not _is_of(sides[fields.index(False)], row.id)


def _is_of(node: ast.expr, name: str) -> bool:
    return any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(node))


def _is_field(node: ast.expr) -> bool:
    """Whether it is a field of something, turned round perhaps, or several of them."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_field, node.elts))
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and _is_field(node.operand)
    return isinstance(node, (ast.Attribute, ast.Subscript))


def _dotted(node: ast.AST) -> str:
    """``self.cursor``: a name and attributes; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    above = _dotted(node.value) if isinstance(node, ast.Attribute) else ""
    return f"{above}.{node.attr}" if above else ""  # type: ignore[attr-defined]


def _whole_number(node: ast.expr) -> int | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        value = _whole_number(node.operand)
        return None if value is None else -value
    return node.value if isinstance(node, ast.Constant) and type(node.value) is int else None


def _between(lower: int | None, upper: int | None) -> int:
    """How many rows lie between two bounds; 0 if that is not known."""
    return 0 if lower is None or upper is None or lower < 0 else max(0, upper - lower)


def _begin(node: ast.AST) -> Place:
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _end(node: ast.AST) -> Place:
    return node.end_lineno or 0, node.end_col_offset or 0  # type: ignore[attr-defined]
