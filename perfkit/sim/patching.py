"""Puts stand-ins in the place of functions, also where modules have bound them early, and takes them back."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NOT_PATCHED = sys.stdlib_module_names | {"gevent", "perfkit"}

_Place = tuple[dict[str, Any], str]
"""The names of a module, and one of them."""


class StandIn(NamedTuple):
    """What is replaced in its home module, and in every other that is neither the library's nor perfkit's."""

    home: ModuleType
    name: str
    real: Any
    virtual: Any


class Patch:
    """Stand-ins that come and go together."""

    def __init__(self, stand_ins: Sequence[StandIn]) -> None:
        self._homes: list[_Place] = [(entry.home.__dict__, entry.name) for entry in stand_ins]
        self._virtual_of = {id(entry.real): entry.virtual for entry in stand_ins}
        self._real_of = {id(entry.virtual): entry.real for entry in stand_ins}
        self._known_modules = -1
        self._early: list[_Place] = []

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Everything is put back at the end, also in modules imported meanwhile."""
        places, known = [*self._homes, *self._bound_early()], set(sys.modules)
        _swap(places, self._virtual_of)
        try:
            yield
        finally:
            for _, namespace in _modules(set(sys.modules) - known):
                places += _bound_in(namespace, self._real_of)
            _swap(places, self._real_of)

    def _bound_early(self) -> list[_Place]:
        # looked for again only where there are new modules
        if self._known_modules != len(sys.modules):
            self._early = [
                place
                for name, namespace in _modules(set(sys.modules))
                if name.partition(".")[0] not in _NOT_PATCHED
                for place in _bound_in(namespace, self._virtual_of)
            ]
            self._known_modules = len(sys.modules)
        return self._early


def _modules(names: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in names:
        module = sys.modules.get(name)
        if isinstance(module, ModuleType):
            yield name, module.__dict__


def _bound_in(namespace: dict[str, Any], wanted: dict[int, Any]) -> list[_Place]:
    return [(namespace, key) for key, value in list(namespace.items()) if id(value) in wanted]


def _swap(places: list[_Place], replacement_of: dict[int, Any]) -> None:
    for namespace, key in places:
        replacement = replacement_of.get(id(namespace.get(key)))
        if replacement is not None:
            namespace[key] = replacement
