"""One parsed source file: what lies around a line, whether that is a loop, and whether it only passes on.

Imported once a file is asked about, because ``ast`` is.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

from perfkit.model import Frame

Function = ast.FunctionDef | ast.AsyncFunctionDef
Chain = tuple[ast.AST, ...]

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)

OWN_FRAMES = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>"})
"""Functions that Python makes for an expression; before 3.12 of all, since then of generators."""

EACH = frozenset({"map", "filter", "starmap", "filterfalse", "takewhile", "dropwhile"})
"""Functions of Python's own that call what they are given once per element."""

KEYED = frozenset({"sorted", "min", "max", "nsmallest", "nlargest", "groupby"})
"""The same for what they are given as ``key``."""

_CALLING = (ast.Call, ast.Await, ast.Attribute, ast.Subscript, *COMPREHENSIONS)
"""Expressions that run code, be it what an ORM does on access."""

_MODULE = "<module>"
_LAMBDA = "<lambda>"


def parse(text: bytes) -> Source | None:
    """The file with that text; None if it is no Python."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes and the like: the program's own matter
            return Source(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


class Source:
    """One parsed file. Lines are numbered from 1."""

    def __init__(self, tree: ast.Module) -> None:
        self.tree = tree
        self._above: dict[ast.AST, ast.AST | None] = {}
        self._innermost: dict[int, ast.AST] = {}
        _index(tree, self._above, self._innermost)
        self._chains: dict[ast.AST | None, Chain] = {None: ()}
        self._given: dict[ast.AST, tuple[set[str], set[str]]] = {}

    def chain(self, line: int) -> Chain:
        """The statements and lambdas around a line, the outermost first; of several on it the first."""
        node = self._innermost.get(line)
        if node not in self._chains:
            found, step = list[ast.AST](), node
            while step is not None:
                found.append(step)
                step = self._above.get(step)
            self._chains[node] = tuple(reversed(found))
        return self._chains[node]

    def fits(self, frame: Frame) -> bool:
        """Whether the frame's function lies around its line here."""
        return self._begin(frame) is not None

    def around(self, frame: Frame) -> Chain:
        """The statements around a frame's line within its own function, the outermost first."""
        begin = self._begin(frame)
        if begin is None:
            return ()
        chain = self.chain(frame.line)[begin:]
        end = next(
            (n for n, node in enumerate(chain) if isinstance(node, (*FUNCTIONS, ast.Lambda))), len(chain)
        )
        # the line of a nested function is also its statement's, for who runs that
        return chain[: end + 1] if end < len(chain) and isinstance(chain[end], FUNCTIONS) else chain[:end]

    def function(self, frame: Frame) -> Function | None:
        """The ``def`` whose frame it is; None for the module's own level and for lambdas."""
        begin = self._begin(frame)
        around = self.chain(frame.line)[begin - 1] if begin else None
        return around if isinstance(around, FUNCTIONS) else None

    def is_loop(self, frame: Frame) -> bool:
        """Whether the line runs once per round of a loop, a comprehension or a ``map`` of its function."""
        around, line = self.around(frame), frame.line
        for place, node in enumerate(around):
            if isinstance(node, LOOPS) and _is_in_rounds(node, around[place + 1 :], line):
                return True
        begin = self._begin(frame)
        if begin is None:
            return False
        innermost = frame.function.rpartition(".")[2]
        if innermost == _LAMBDA and self._is_given_away(self.chain(line)[begin - 1]):
            return True
        owner = around[-1] if around else self.chain(line)[begin - 1]
        is_own = innermost in OWN_FRAMES
        return any(
            _repeats(node, line)
            for node in expressions(owner, line)
            if is_own or not isinstance(node, ast.GeneratorExp)  # which would be found by its own frame
        )

    def is_wrapper(self, frame: Frame) -> bool:
        """Whether the line is where a decorator's wrapper passes the call on."""
        function = self.function(frame)
        if function is None:
            return False
        if function not in self._given:
            passed = _decorated(self.chain(frame.line), function) or _own_passed(function)
            kept = _kept_by_class(self._above.get(function)) if function.name == "__call__" else set[str]()
            self._given[function] = passed, kept
        passed, kept = self._given[function]
        if not passed and not kept:
            return False
        owner = self.around(frame)[-1:]
        return any(
            _passes_on(node, passed, kept)
            for statement in owner
            for node in expressions(statement, frame.line)
        )

    def _is_given_away(self, function: ast.AST) -> bool:
        """Whether a lambda is an argument of a call: who takes one calls it, as a rule, more than once."""
        owner = self._above.get(function)
        return owner is not None and any(
            function in (*node.args, *(keyword.value for keyword in node.keywords))
            for node in expressions(owner)
            if isinstance(node, ast.Call)
        )

    @cached_property
    def imports(self) -> dict[str, str]:
        """The package that each imported name is from; a module's other name ends in a dot."""
        found: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    found[alias.asname or alias.name] = str(node.module).partition(".")[0]
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.asname:
                        found[f"{alias.asname}."] = alias.name.partition(".")[0]
        return found

    @cached_property
    def by_name(self) -> dict[str, list[Function]]:
        """Every ``def`` of the file, by its name."""
        found: dict[str, list[Function]] = {}
        for node in self._above:
            if isinstance(node, FUNCTIONS):
                found.setdefault(node.name, []).append(node)
        return found

    def _begin(self, frame: Frame) -> int | None:
        """Where in the chain of its line a frame's function begins; None if that is not there."""
        chain = self.chain(frame.line)
        names = [name for name in frame.function.split(".") if name not in OWN_FRAMES]
        if not names or names[-1] == _MODULE:
            return 0 if chain else None
        for place in range(len(chain) - 1, -1, -1):
            if _name(chain[place]) == names[-1]:
                return place + 1
        return None


def holds(node: ast.AST, line: int) -> bool:
    """Whether a statement or expression reaches over the line."""
    return node.lineno <= line <= (node.end_lineno or node.lineno)  # type: ignore[attr-defined,no-any-return]


def expressions(owner: ast.AST, line: int | None = None) -> Iterator[ast.AST]:
    """What a statement or lambda evaluates itself: nothing of the statements and lambdas within.

    With a ``line`` only what reaches over it.
    """
    waiting = list(ast.iter_child_nodes(owner))
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.stmt, ast.Lambda)):
            continue
        if isinstance(node, ast.expr):
            if line is not None and not holds(node, line):
                continue
            yield node
        waiting.extend(ast.iter_child_nodes(node))


def _index(tree: ast.Module, above: dict[ast.AST, ast.AST | None], innermost: dict[int, ast.AST]) -> None:
    """For each statement and lambda the one around it, and for each line the innermost."""
    waiting: list[tuple[ast.AST, ast.AST | None]] = [(tree, None)]
    while waiting:
        node, owner = waiting.pop()
        if isinstance(node, (ast.stmt, ast.Lambda)):
            above[node] = owner
            # what is within comes later, and what stands to the left last
            innermost.update(dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node))
            owner = node
        waiting.extend((child, owner) for child in ast.iter_child_nodes(node))


def _name(node: ast.AST) -> str:
    return _LAMBDA if isinstance(node, ast.Lambda) else str(getattr(node, "name", ""))


def _is_in_rounds(loop: ast.AST, inside: Chain, line: int) -> bool:
    """Whether a line of ``loop`` runs in each round: not its iterable, its else, or what ends the loop."""
    if isinstance(loop, ast.While) and holds(loop.test, line):
        return True
    in_body = any(holds(statement, line) for statement in loop.body)  # type: ignore[attr-defined]
    return in_body and not _ends_loop(loop, inside)


def _ends_loop(loop: ast.AST, inside: Chain) -> bool:
    """Whether it returns, or is always followed by what ends the loop: tried again, not repeated."""
    if inside and isinstance(inside[-1], ast.Return):
        return True
    ends: tuple[type[ast.AST], ...] = (ast.Return, ast.Break)
    for owner, statement in zip((loop, *inside), inside, strict=False):
        if isinstance(owner, LOOPS) and owner is not loop:
            ends = (ast.Return,)  # a break is the inner loop's
        for step in _after(owner, statement):
            if isinstance(step, ends):
                return True
            if isinstance(step, ast.If) and any(isinstance(node, ast.Continue) for node in ast.walk(step)):
                return False
    return False


def _after(owner: ast.AST, statement: ast.AST) -> list[ast.stmt]:
    """What runs once the statement has, up to the end of its block."""
    for name in ("body", "orelse", "finalbody"):
        block = getattr(owner, name, None)
        if isinstance(block, list) and statement in block:
            rest = block[block.index(statement) + 1 :]
            return rest + owner.orelse if isinstance(owner, ast.Try) and name == "body" else rest
    return []


def _repeats(node: ast.AST, line: int) -> bool:
    """Whether the expression does something on the line once per element that can make a call."""
    if isinstance(node, COMPREHENSIONS):
        return any(
            isinstance(part, _CALLING) and holds(part, line)
            for element in _elements(node)
            for part in ast.walk(element)
        )
    return isinstance(node, ast.Call) and _calls_each(node)


def _calls_each(node: ast.Call) -> bool:
    """Whether what is called calls what it is given once per element; a method of that name need not."""
    function = node.func
    if isinstance(function, ast.Attribute):
        own = getattr(function.value, "id", "") == "itertools"
        return (own and function.attr in EACH) or (function.attr == "sort" and _has_key(node))
    name = getattr(function, "id", "")
    return name in EACH or (name in KEYED and _has_key(node))


def _has_key(node: ast.Call) -> bool:
    return any(keyword.arg == "key" for keyword in node.keywords)


def _elements(comprehension: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> list[ast.AST]:
    """The parts that are evaluated per element: all but the first iterable."""
    parts = [getattr(comprehension, name) for name in ("elt", "key", "value") if hasattr(comprehension, name)]
    for number, generator in enumerate(comprehension.generators):
        parts += generator.ifs
        if number:
            parts.append(generator.iter)
    return parts


def called(node: ast.Call) -> str:
    """The last part of the name of what is called; "" if that is no name."""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else str(getattr(function, "id", ""))


def parameters(function: Function | ast.Lambda) -> set[str]:
    """The names of a function's parameters but for those with stars."""
    arguments = function.args
    return {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _decorated(chain: Chain, function: Function) -> set[str]:
    """What a decorator was given, seen from its wrapper: parameters of the function that returns this one.

    Also from a function within the wrapper.
    """
    functions = [node for node in chain if isinstance(node, FUNCTIONS)]
    functions = functions[: functions.index(function) + 1]
    for outer, inner in reversed(list(pairwise(functions))):
        wraps = any(isinstance(node, ast.Call) and called(node) == "wraps" for node in inner.decorator_list)
        if wraps or _returns(outer, inner.name):
            return parameters(outer)
    return set()


def _returns(function: Function, name: str) -> bool:
    """Whether it returns the function of that name, and not what a call of it gives."""
    nodes = [
        n for statement in function.body if isinstance(statement, ast.Return) for n in ast.walk(statement)
    ]
    called_here = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    return any(isinstance(n, ast.Name) and n.id == name and id(n) not in called_here for n in nodes)


def _own_passed(function: Function) -> set[str]:
    """Parameters that are there to be called or awaited, as far as it shows: with ``*args`` of its own."""
    own, star = parameters(function), function.args.vararg
    passed = set[str]()
    for node in ast.walk(function):
        if isinstance(node, ast.Await):
            passed.add(getattr(node.value, "id", ""))
        elif isinstance(node, ast.Call) and star is not None:
            stars = {getattr(a.value, "id", "") for a in node.args if isinstance(a, ast.Starred)}
            passed |= {getattr(node.func, "id", "")} if star.arg in stars else set()
    return passed & own


def _kept_by_class(owner: ast.AST | None) -> set[str]:
    """Attributes in which a class keeps what it was made with: ``self.func = func`` in ``__init__``."""
    if not isinstance(owner, ast.ClassDef):
        return set()
    kept = set[str]()
    for method in owner.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            for node in ast.walk(method):
                if isinstance(node, ast.Assign) and getattr(node.value, "id", "") in parameters(method):
                    kept |= {target.attr for target in node.targets if isinstance(target, ast.Attribute)}
    return kept


def _passes_on(node: ast.AST, given: set[str], kept: set[str]) -> bool:
    """Whether an expression calls, or hands to what it calls, what the wrapper is for."""
    if isinstance(node, ast.Await):
        return getattr(node.value, "id", "") in given
    if not isinstance(node, ast.Call):
        return False
    parts = (node.func, *node.args)
    return any(
        (isinstance(part, ast.Name) and part.id in given)
        or (isinstance(part, ast.Attribute) and part.attr in kept and getattr(part.value, "id", "") == "self")
        for part in parts
    )
