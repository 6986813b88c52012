"""An environment of its own for the base, where it needs other packages than the head."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from perfkit.errors import NothingToCompareError

TIMEOUT_S = 1800.0

TAIL = 8
"""Lines of pip's output in a message."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Installed:
    """What an interpreter has.

    ``versions`` of distributions, those that are ``plugins`` of pytest, and the files it finds packages in.
    ``sources`` are pip's arguments for those that came from a folder, a file or a repository.
    """

    versions: dict[str, str] = field(default_factory=dict)
    plugins: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)


def build(base: Path, head: Path, python: str, installed: Installed) -> str:
    """Make a virtual environment beside the tree ``base`` and install it there; returns its interpreter.

    It gets the extras and requirement files whose packages ``installed`` has, pytest with its plugins, and
    the versions that are installed here wherever base and head do not ask for different ones. Raises
    NothingToCompareError, with pip's last lines, when that fails.
    """
    folder = base.parent / "environment"
    _run([python, "-m", "venv", str(folder)])
    constraints = base.parent / "constraints.txt"
    constraints.write_text("\n".join(_constraints(base, head, installed)), encoding="utf-8")
    own = str(folder / "bin" / "python")
    _run(
        [
            own, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet",
            "--constraint", str(constraints), *_wanted(base, installed),
        ]
    )  # fmt: skip
    return own


def requirements(root: Path) -> dict[str, list[str]]:
    """What a tree asks for, by where: "" for the project itself, "[extra]", the name of a group or file."""
    pyproject = root / "pyproject.toml"
    table: dict[str, Any] = {}
    if pyproject.is_file():
        table = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    project = table.get("project", {})
    found = {"": list(project.get("dependencies", []))}
    found |= {f"[{extra}]": list(lines) for extra, lines in project.get("optional-dependencies", {}).items()}
    for group, lines in table.get("dependency-groups", {}).items():
        found[group] = [line for line in lines if isinstance(line, str)]
    for file in sorted([*root.glob("requirements*.txt"), *root.glob("requirements/*.txt")]):
        lines = [line.partition(" #")[0].strip() for line in file.read_text(encoding="utf-8").splitlines()]
        found[str(file)] = [line for line in lines if line and not line.startswith(("#", "-"))]
    return found


def _wanted(base: Path, installed: Installed) -> Iterator[str]:
    """Arguments of ``pip install``."""
    here = {_plain(name) for name in installed.versions}
    asked = requirements(base)
    itself = _plain(_project(base))
    used = [where for where, lines in asked.items() if where and lines and _names(lines) - {itself} <= here]
    if (base / "pyproject.toml").is_file() or (base / "setup.py").is_file():
        extras = ",".join(where.strip("[]") for where in used if where.startswith("["))
        yield from ("--editable", f"{base}[{extras}]" if extras else str(base))
    for where in used:
        if where.endswith(".txt"):
            yield from ("--requirement", where)
        elif not where.startswith("["):
            yield from asked[where]
    for name in ("pytest", *installed.plugins):
        if _plain(name) in here - {itself}:
            yield from installed.sources.get(name, [name])


def _constraints(base: Path, head: Path, installed: Installed) -> Iterator[str]:
    """The versions installed here, but for packages that the two trees ask for in different ways."""
    ours, theirs = (
        {line for lines in requirements(root).values() for line in lines} for root in (base, head)
    )
    loose = _names(ours ^ theirs) | {_plain(_project(base))}
    before, after = _locked(base), _locked(head)
    locked = {name: version for name, version in before.items() if after.get(name) != version}
    for name, version in sorted(installed.versions.items()):
        if _plain(name) in locked:
            yield f"{name}=={locked[_plain(name)]}"
        elif _plain(name) not in loose and name not in installed.sources and "+" not in version:
            # a local version is in no index, and what has a source of its own need not be
            yield f"{name}=={version}"


def _locked(root: Path) -> dict[str, str]:
    """Versions in lock files of uv, Poetry and PDM, which share their shape."""
    found: dict[str, str] = {}
    for file in root.glob("*.lock"):
        try:
            packages = tomllib.loads(file.read_text(encoding="utf-8")).get("package", [])
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        found |= {_plain(one["name"]): one["version"] for one in packages if "version" in one}
    return found


def _project(root: Path) -> str:
    pyproject = root / "pyproject.toml"
    table = tomllib.loads(pyproject.read_text(encoding="utf-8")) if pyproject.is_file() else {}
    return str(table.get("project", {}).get("name", ""))


def _names(lines: Iterable[str]) -> set[str]:
    """Names of packages in requirements; one with a marker may be for another system, and is left out."""
    found = (_NAME.match(line) for line in lines if ";" not in line)
    return {_plain(name[0]) for name in found if name}


def _plain(name: str) -> str:
    """PEP 503: names are the same whatever their case, and whether with - _ or a dot."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - the user's own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NothingToCompareError(f"the environment of the base cannot be built: {error}") from None
    if done.returncode:
        lines = [line for line in done.stdout.strip().splitlines() if not line.startswith("WARNING: ")]
        tail = "\n".join(f"  {line}" for line in lines[-TAIL:])
        raise NothingToCompareError(
            f"the environment of the base, which needs other packages than the head, cannot be built:\n{tail}"
        )
