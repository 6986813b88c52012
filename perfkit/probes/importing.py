"""Call back when a library is imported for the first time, so that watching it costs no import."""

from __future__ import annotations

import sys
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

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        from importlib.util import find_spec

        callback = self.awaited.pop(fullname, None)
        if callback is None:
            return None
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, callback)  # type: ignore[assignment]
        return spec


class _Loader:
    """The module's own loader, then the callback."""

    def __init__(self, loader: Any, callback: Callable[[], None]) -> None:
        self._loader, self._callback = loader, callback

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
        self._callback()


_notifier = _Notifier()


def when_imported(name: str, callback: Callable[[], None]) -> None:
    """Call ``callback()`` once, after ``name`` has been imported; never if it is there already."""
    if name in sys.modules:
        return
    _notifier.awaited[name] = callback
    if _notifier not in sys.meta_path:
        sys.meta_path.insert(0, _notifier)
