"""A side by itself, out of step: a look at what it has, or some calls that are counted from outside."""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from .session import Refused, Run, repeated
from .side import settle


class Onlooker:
    """In a session's place: writes down what is offered, and wants nothing."""

    side = "head"

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options
        self.names: list[str] = []

    def offer(self, names: list[str]) -> list[str]:
        """Keep the names."""
        self.names = names
        return []

    def loops_of(self, function: Callable[[], Any]) -> Run:
        """As a session's, of plain functions."""
        return repeated(function)

    def measure(self, name: str, run: Run) -> None:
        """Nothing is wanted, so nothing is measured."""

    def failed(self, name: str, message: str) -> None:
        """Nothing is measured, so nothing fails."""

    def refuse(self, message: str, *, usage: bool = False) -> None:
        """End the look."""
        raise Refused(message, usage)


def look(setup: dict[str, Any]) -> None:
    """Call the entry point of ``setup`` as a side does, and write to its file "out" what was seen."""
    onlooker = Onlooker(setup["options"])
    seen: dict[str, Any] = {"problem": "", "usage": False}
    try:
        _enter(setup, onlooker)
    except Refused as refused:
        seen.update(problem=str(refused), usage=refused.usage, refused=True)
    except BaseException as error:  # SystemExit too: other people's programs run here
        traceback.print_exc()
        seen["problem"] = f"{type(error).__name__}: {error}"
    seen.update(names=onlooker.names, modules=shared_modules(setup["roots"], setup["project"]))
    with open(setup["out"], "w", encoding="utf-8") as out:
        json.dump(seen, out)


class Repeater(Onlooker):
    """In a session's place: wants one benchmark, and makes so many calls of it."""

    def __init__(self, setup: dict[str, Any]) -> None:
        super().__init__(setup["options"])
        self._name, self._loops = setup["name"], setup["loops"]

    def offer(self, names: list[str]) -> list[str]:
        """Only that one."""
        return [name for name in names if name == self._name]

    def measure(self, name: str, run: Run) -> None:
        """Make the calls."""
        run(self._loops)

    def failed(self, name: str, message: str) -> None:
        """End the process: what it did is not what was to be counted."""
        raise SystemExit(f"{name}: {message}")


def repeat(setup: dict[str, Any]) -> None:
    """Make ``setup["loops"]`` calls of the benchmark ``setup["name"]``."""
    _enter(setup, Repeater(setup))


def _enter(setup: dict[str, Any], session: Onlooker) -> None:
    settle(setup)
    module, _, function = setup["entry"].partition(":")
    getattr(importlib.import_module(module), function)(session, setup["options"])


def shared_modules(roots: list[str], project: list[str]) -> list[str]:
    """Modules that come from the installation: neither from a tree, nor copies of the ``project``'s own."""
    shared = []
    installed = tuple({prefix + os.sep for prefix in (sys.prefix, sys.base_prefix)})
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        own = name.partition(".")[0] in (*project, "perfkit_agent", "__main__")
        in_tree = any(file.startswith(root + os.sep) for root in roots)
        if file and not own and (file.startswith(installed) or not in_tree) and "__editable__" not in name:
            shared.append(name)
    return shared
