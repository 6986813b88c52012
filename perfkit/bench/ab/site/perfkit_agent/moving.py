"""Making the project's own modules come from this side's tree, however the project is installed.

The entries of ``sys.path`` are moved already when a side's entry point is called; what remains
are the tables of setuptools' editable installs, what Python remembers of folders, and child processes.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable
from typing import Any

OTHERS = frozenset(
    (
        "bench",
        "benchmark",
        "benchmarks",
        "build",
        "conftest",
        "doc",
        "docs",
        "examples",
        "setup",
        "test",
        "tests",
    )
)
"""Names in a tree's root that are hardly ever the project's package, though installed ones may have them."""


def move(roots: Iterable[str], root: str) -> None:
    """Let imports that would find files under one of ``roots`` find those under ``root``."""
    for module in list(sys.modules.values()):
        if "__editable__" in getattr(module, "__name__", ""):
            _move_finder(module, roots, root)
    paths = [path for path in sys.path if _is_under(path, root) and not _is_under(path, sys.prefix)]
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    rest = [moved(path, roots, root) for path in known if path]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([*paths, *rest]))
    sys.path_importer_cache.clear()
    importlib.invalidate_caches()


def moved(text: str, roots: Iterable[str], root: str) -> str:
    """``text``, or where it is a path under one of ``roots``, the same path under ``root``.

    >>> moved("/work/app/src", ["/work/app"], "/tmp/base/app")
    '/tmp/base/app/src'
    """
    for old in roots:
        if _is_under(text, old):
            return root + text[len(old) :]
    return text


def elsewhere(root: str) -> str:
    """A sentence about a package of the tree that was imported from somewhere else, if there is one."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if "." in name or name in OTHERS or not file or _is_under(file, root):
            continue
        if any(os.path.isdir(os.path.join(root, place, name)) for place in ("src", "")) and _is_package(file):
            return (
                f"{name} is imported from {os.path.dirname(file)}, and not from the tree that is measured: "
                "install the project as editable (pip install -e .)"
            )
    return ""


def _is_package(file: str) -> bool:
    return os.path.basename(file).startswith("__init__.")


def _is_under(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _move_finder(module: Any, roots: Iterable[str], root: str) -> None:
    """Move what setuptools keeps: where packages are in MAPPING, and where namespaces are in NAMESPACES."""
    mapping = getattr(module, "MAPPING", {})
    for name, path in mapping.items():
        mapping[name] = moved(path, roots, root)
    namespaces = getattr(module, "NAMESPACES", {})
    for name, paths in namespaces.items():
        namespaces[name] = [moved(path, roots, root) for path in paths]
