"""Programs in which one call is made twice: what the gate must catch.

The text is changed so that no line moves: what is found must lie on the line that was changed.
"""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from perfkit.errors import ScenarioError


class Repeatable(NamedTuple):
    """An expression that can be evaluated twice, by its place in the text (offsets in bytes of UTF-8).

    ``manager``: it is the context manager of a ``with``, which is entered twice.
    """

    line: int
    column: int
    end_line: int
    end_column: int
    manager: bool

    @property
    def is_long(self) -> bool:
        """Whether it goes over several lines."""
        return self.end_line > self.line


def repeatables(source: str) -> list[Repeatable]:
    """The calls in a program: what is awaited, what is called, what ``with`` enters; outermost first."""
    tree = ast.parse(source)
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    managers = {id(item.context_expr) for node in _withs(tree) for item in node.items}
    used = {id(node.iter) for node in ast.walk(tree) if isinstance(node, (ast.AsyncFor, ast.comprehension))}
    decorators = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        for decorator in node.decorator_list
        for inner in ast.walk(decorator)
    }
    return [
        Repeatable(node.lineno, node.col_offset, node.end_lineno, node.end_col_offset, id(node) in managers)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Await, ast.Call))
        and id(node) not in awaited | used | decorators
        and node.end_lineno is not None
        and node.end_col_offset is not None
    ]


def _withs(tree: ast.AST) -> Iterator[ast.With | ast.AsyncWith]:
    return (node for node in ast.walk(tree) if isinstance(node, (ast.With, ast.AsyncWith)))


def repeated(source: str, call: Repeatable) -> str:
    r"""The program with ``call`` made twice, first in a copy on one line; each line keeps its number.

    >>> text = "async def f(c):\n    return await c.get(1)\n"
    >>> repeated(text, repeatables(text)[0]).splitlines()[1]
    '    return (await c.get(1), await c.get(1))[1]'
    """
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: call.line - 1])) + call.column
    end = sum(map(len, lines[: call.end_line - 1])) + call.end_column
    data = source.encode()
    own = data[start:end]
    copy = ast.unparse(ast.parse(f"async def _():\n ({own.decode()})").body[0].body[0]).encode()  # type: ignore[attr-defined]
    new = copy + b", " + own if call.manager else b"(" + copy + b", " + own + b")[1]"
    return (data[:start] + new + data[end:]).decode()


def tree_with(root: Path, file: Path, changed: Mapping[Path, str], into: Path) -> Path:
    """Put a program into ``into``: as in ``root``, with other texts for some modules beside ``file``.

    Modules of that folder are copied, everything else is linked. Returns the folder's ``file``.
    Raises ScenarioError for a file that does not lie in ``root``.
    """
    if not file.is_relative_to(root):
        raise ScenarioError(f"{file} does not lie in {root}: run perfkit where the scenarios are")
    source, target = root, into
    for part in file.parent.relative_to(root).parts:
        _link_all(source, target, but=part)
        source, target = source / part, target / part
    _link_all(source, target)
    for module in source.glob("*.py"):
        (target / module.name).unlink()
        shutil.copyfile(module, target / module.name)
    for module, text in changed.items():
        (target / module.name).write_text(text, encoding="utf-8")
    return target / file.name


def _link_all(source: Path, target: Path, but: str = "") -> None:
    target.mkdir(parents=True, exist_ok=True)
    for item in source.iterdir():
        if item.name not in (but, "__pycache__"):
            os.symlink(item, target / item.name)
