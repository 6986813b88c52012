"""Where a measurement was made: enough to tell two machines apart, nothing that names one."""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from perfkit.model import Environment, Git, Machine

PACKAGES = ("aiohttp", "fast_bitrix24", "msgspec")
"""Libraries whose version moves results."""


def describe_machine(folder: Path) -> Machine:
    """Environment and git revision of ``folder``, and the time in UTC."""
    created = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Machine(created, describe_environment(), describe_git(folder))


def describe_environment() -> Environment:
    """Python, system, number of cores and the versions of the libraries that move results."""
    return Environment(
        python=platform.python_version(),
        implementation=platform.python_implementation(),
        system=platform.system(),
        machine=platform.machine(),
        cpus=os.cpu_count() or 1,
        packages={name: version for name in PACKAGES if (version := _version(name))},
    )


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def describe_git(folder: Path) -> Git | None:
    """The revision checked out in ``folder``; None outside a repository, before a commit, or without git."""
    revision = _git(folder, "rev-parse", "HEAD")
    if not revision:
        return None
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD") or ""
    dirty = bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))
    return Git(revision, branch, dirty)


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(  # noqa: S603 - fixed arguments
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the user's own git
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
