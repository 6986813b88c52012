"""Call back when a library is imported for the first time, so that watching it costs no import."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _Notifier:
    """Finds nothing itself: lets the others find, and wraps the loader of the awaited module.

    Not derived from importlib.abc, whose import costs more than all of perfkit's.
    """

    def __init__(self) -> None:
        self.awaited: dict[str, Callable[[], None]] = {}
        self._searching: set[tuple[str, int]] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # another finder that asks all the others, as this one does, would ask us again and again
        search = (fullname, threading.get_ident())
        if fullname not in self.awaited or search in self._searching:
            return None
        self._searching.add(search)
        try:
            spec = self._ask_others(fullname, path, target)
        finally:
            self._searching.discard(search)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, fullname, self)  # type: ignore[assignment]
        return spec

    def _ask_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> ModuleSpec | None:
        for finder in list(sys.meta_path):
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                return spec
        return None

    def executed(self, name: str) -> None:
        """The module has been executed and not only looked for: call back, once."""
        callback = self.awaited.pop(name, None)
        if callback is not None:
            callback()


class _Loader:
    """The module's own loader, then the callback."""

    def __init__(self, loader: Any, name: str, notifier: _Notifier) -> None:
        self._loader, self._name, self._notifier = loader, name, notifier

    def __getattr__(self, name: str) -> object:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        # the module sees its own loader again, as if nobody had watched
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._notifier.executed(self._name)


_notifier = _Notifier()


def when_imported(name: str, callback: Callable[[], None]) -> None:
    """Call ``callback()`` once, after ``name`` has been imported; never if it is there already."""
    if name in sys.modules:
        return
    _notifier.awaited[name] = callback
    if _notifier not in sys.meta_path:
        sys.meta_path.insert(0, _notifier)
