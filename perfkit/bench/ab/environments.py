"""What each side runs in: one interpreter where both need the same, or one for the base.

The project's own modules come from each side's tree: an editable install is moved to it in the side's process
(``perfkit_agent.moving``), and a project that is installed as a copy is put on the path.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfkit.bench.ab.building import Installed, build
from perfkit.bench.ab.pair import SITE
from perfkit.bench.ab.plan import Side
from perfkit.bench.ab.trees import Trees
from perfkit.errors import UsageError

FILES = (
    "requirements*.txt",
    "requirements/*.txt",
    "constraints*.txt",
    "*.lock",
    "pylock*.toml",
    "Pipfile*",
    "setup.py",
    "setup.cfg",
)
"""Files in the root of a tree that say what it depends on, beside pyproject.toml."""

TABLES = (
    ("build-system",),
    ("dependency-groups",),
    ("project", "dependencies"),
    ("project", "optional-dependencies"),
    ("project", "entry-points"),
    ("project", "dynamic"),
    ("tool", "poetry", "dependencies"),
    ("tool", "poetry", "group"),
    ("tool", "uv", "sources"),
)
"""The same in pyproject.toml. Entry points too: a plugin that only head has cannot be loaded in base."""

NO_PACKAGES = frozenset(
    (
        "benchmark",
        "benchmarks",
        "build",
        "conftest",
        "dist",
        "doc",
        "docs",
        "examples",
        "scripts",
        "test",
        "tests",
    )
)

DESCRIBE_TIMEOUT_S = 60.0

_DESCRIBE = """
import importlib.metadata as m, importlib.util as u, json, sys
found = list(m.distributions())
plugins = sorted({d.metadata["Name"] for d in found if any(e.group == "pytest11" for e in d.entry_points)})
def source(text):
    about = json.loads(text)
    info = about.get("vcs_info")
    if info:
        return [info["vcs"] + "+" + about["url"] + "@" + info["commit_id"]]
    return ["--editable"] * about.get("dir_info", {}).get("editable", False) + [about["url"]]
sources = {}
for d in found:
    text = d.read_text("direct_url.json")
    if text and d.metadata["Name"]:
        sources[d.metadata["Name"]] = source(text)
origins = {}
for name in sys.argv[1:]:
    try:
        origins[name] = getattr(u.find_spec(name), "origin", None) or ""
    except (ImportError, ValueError):
        pass
sys.stdout.write(json.dumps({"versions": {d.metadata["Name"]: d.version for d in found if d.metadata["Name"]},
                  "plugins": plugins, "origins": origins, "sources": sources}))
"""


@dataclass(frozen=True)
class Sides:
    """Both sides, ready to be run, and sentences about how they differ beside the change.

    ``project`` are the packages that the trees hold, ``installed`` those of them that Python finds.
    """

    base: Side
    head: Side
    project: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    def import_paths(self, root: Path) -> tuple[str, ...]:
        """Where in the tree ``root`` the installed packages lie, for processes that are not moved to it."""
        return _paths(root, self.installed)


def both_sides(trees: Trees, python: str = sys.executable) -> Sides:
    """The sides of ``trees``, run by ``python``.

    Raises NothingToCompareError where the base needs an environment of its own, and it cannot be built.
    """
    packages = tuple(sorted(set(packages_of(trees.head)) | set(packages_of(trees.base))))
    installed = describe(python, packages)
    copied = [name for name in packages if _is_copy(installed.origins.get(name, ""), trees.head)]
    notes = list(trees.notes)
    if copied:
        notes.append(f"{', '.join(copied)}: installed as a copy; measured from the trees all the same")
    head = Side(trees.head, python, paths=_paths(trees.head, copied))
    base = Side(trees.base, python, paths=_paths(trees.base, copied))
    reasons = differences(trees.base, trees.head)
    if reasons:
        notes.append(f"the base has an environment of its own, since these differ: {', '.join(reasons)}")
        base = Side(trees.base, build(trees.base, trees.head, python, installed))
    found = tuple(name for name in packages if installed.origins.get(name))
    return Sides(base, head, packages, found, notes)


def differences(base: Path, head: Path) -> list[str]:
    """Where two trees need something else to be installed: files, tables of pyproject.toml, layout."""
    names = {
        path.relative_to(root).as_posix() for root in (base, head) for p in FILES for path in root.glob(p)
    }
    found = [name for name in sorted(names) if _text(base / name) != _text(head / name)]
    tables = _pyproject(base), _pyproject(head)
    found += [f"[{'.'.join(keys)}]" for keys in TABLES if _at(tables[0], keys) != _at(tables[1], keys)]
    if (base / "src").is_dir() != (head / "src").is_dir():
        found.append("the folder src")
    if _compiled(head) - _compiled(base):
        found.append("compiled modules, which a fresh tree has not")
    return found


def describe(python: str, packages: tuple[str, ...] = ()) -> Installed:
    """What ``python`` has installed, and where it finds ``packages``; UsageError if it does not run."""
    try:
        answer = subprocess.run(  # noqa: S603 - the interpreter the user named
            [python, "-c", _DESCRIBE, *packages],
            cwd=SITE,
            capture_output=True,
            text=True,
            timeout=DESCRIBE_TIMEOUT_S,
            check=True,
        )
        return Installed(**json.loads(answer.stdout.splitlines()[-1]))
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise UsageError(f"{python} does not run as a Python interpreter: {error}") from None


def packages_of(root: Path) -> list[str]:
    """Names of the packages and modules that a tree holds, in its root or in src."""
    found = []
    for place in (root / "src", root):
        for path in sorted(place.glob("*")) if place.is_dir() else ():
            name = path.stem if path.suffix == ".py" else path.name
            if (path.suffix == ".py" or (path / "__init__.py").is_file()) and name not in (
                *NO_PACKAGES,
                "setup",
            ):
                found.append(name)
    return [name for name in found if name.isidentifier()]


def _is_copy(origin: str, root: Path) -> bool:
    """Whether a package of the tree is found somewhere else, as ``pip install .`` leaves it."""
    return origin.endswith("__init__.py") and not Path(origin).resolve().is_relative_to(root)


def _paths(root: Path, packages: Iterable[str]) -> tuple[str, ...]:
    places = [root / "src" if (root / "src" / name).is_dir() else root for name in packages]
    return tuple(dict.fromkeys(str(place) for place in places))


def _compiled(root: Path) -> set[str]:
    """Extension modules that were built in place."""
    folders = [folder for name in packages_of(root) for folder in (root / "src" / name, root / name)]
    return {path.relative_to(root).as_posix() for f in folders for path in f.rglob("*.so") if f.is_dir()}


def _text(path: Path) -> str | None:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else None


def _pyproject(root: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(root / "pyproject.toml") or "")
    except tomllib.TOMLDecodeError:
        return {}


def _at(table: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        table = table.get(key) if isinstance(table, dict) else None
    return table
