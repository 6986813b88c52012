"""Git repositories made for a test: a project, its branches, and what a gate says of them."""

import os
import subprocess
from pathlib import Path
from textwrap import dedent

QUIET = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


def git(folder: Path, *words: str) -> str:
    """What git says in ``folder``, whatever its user has configured."""
    done = subprocess.run(
        ["git", "-C", str(folder), *words],
        env={**os.environ, **QUIET},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, str]) -> Path:
    """A repository with one commit on the branch main, and the branch change checked out."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    commit(folder, {".gitignore": "__pycache__\n", **files})
    git(folder, "checkout", "-q", "-b", "change")
    return folder


def commit(folder: Path, files: dict[str, str]) -> None:
    """Write ``files`` and commit them."""
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")


def write(folder: Path, files: dict[str, str]) -> None:
    """Write ``files``, by their paths."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


def worktrees(folder: Path) -> int:
    """How many trees a repository has checked out, its own included."""
    return git(folder, "worktree", "list", "--porcelain").count("worktree ")
