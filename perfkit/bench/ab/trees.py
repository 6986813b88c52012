"""The two trees an A/B gate measures: the work tree, and a git worktree of the merge base.

The base's folder is temporary and always removed: after an error, Ctrl-C or SIGTERM at once, after a crash by
the next gate of the same repository.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from perfkit.errors import NothingToCompareError, PerfkitError, UsageError

PREFIX = "perfkit-base-"
"""What folders of bases are called; the number of the process that made one follows."""

SHOWN = 5
"""Names of changed files in a message."""

TIMEOUT_S = 600.0
"""A checkout of a very large repository takes minutes; one that asks for a password never ends."""

_LEAKED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
"""What git sets for its hooks: the gate may be run by one, and asks about other trees as well."""

_DEEPEN = "fetch its history: git fetch --unshallow (GitHub Actions: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"


@dataclass(frozen=True)
class Trees:
    """``base`` and ``head`` are roots of trees, ``folder`` where in them the caller stood.

    ``base_name`` and ``head_name`` are revisions as a report shows them. ``notes`` are sentences about what
    the trees do not have in common beside the change itself.
    """

    base: Path
    head: Path
    base_name: str
    head_name: str
    folder: Path = Path()
    notes: tuple[str, ...] = ()


@contextlib.contextmanager
def two_trees(place: Path, ref: str, *, allow_dirty: bool = False) -> Iterator[Trees]:
    """The tree of the merge base of HEAD and ``ref``, and the work tree that ``place`` lies in.

    Raises UsageError where there is no repository, no such revision, or a change that is not committed (it is
    measured with ``allow_dirty``), NothingToCompareError where history is missing or nothing was changed.
    """
    root = _root(place)
    head = _head(root)
    commit = _commit(root, ref)
    base = _merge_base(root, head, commit, ref)
    dirty = _git(root, "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=none")
    _check_changed(root, ref, base == head, dirty, allow_dirty)
    _remove_left_behind(root)
    with _worktree(root, base) as tree:
        yield Trees(
            tree,
            root,
            _named(root, base, ref if base == commit else f"where HEAD left {ref}"),
            _named(root, head, "HEAD") + (" with uncommitted changes" if dirty else ""),
            place.resolve().relative_to(root),
            tuple(_notes(root, tree)),
        )


def _root(place: Path) -> Path:
    if shutil.which("git") is None:
        raise UsageError("--base needs git, which is not on PATH: install it")
    try:
        return Path(_git(place, "rev-parse", "--show-toplevel")).resolve()
    except _GitError as error:
        if "not a git repository" in str(error):
            raise UsageError(
                f"{place} is in no git repository, so there is no base to compare with. "
                "Run the gate in a clone of the project."
            ) from None
        raise


def _head(root: Path) -> str:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except _GitError:
        raise NothingToCompareError(
            "this repository has no commit yet: there is nothing to compare"
        ) from None


def _commit(root: Path, ref: str) -> str:
    """The commit that ``ref`` names; a CI checkout knows a branch only as origin/branch."""
    for name in (ref, f"origin/{ref}"):
        with contextlib.suppress(_GitError):
            if ref and not ref.startswith("-"):
                return _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if _is_shallow(root):
        raise NothingToCompareError(f"this shallow clone has no revision {ref!r}: {_DEEPEN}")
    known = _git(root, "for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
    near = difflib.get_close_matches(ref, known.split(), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    raise UsageError(
        f"there is no revision {ref!r} here.{hint} A branch that was not fetched yet: git fetch origin {ref}"
    )


def _merge_base(root: Path, head: str, commit: str, ref: str) -> str:
    try:
        return _git(root, "merge-base", head, commit).split()[0]
    except (_GitError, IndexError):
        if _is_shallow(root):
            raise NothingToCompareError(
                f"this shallow clone does not reach back to where HEAD and {ref} part: {_DEEPEN}"
            ) from None
        raise NothingToCompareError(
            f"HEAD and {ref} have no commit in common. Name a revision that HEAD descends from with --base."
        ) from None


def _is_shallow(root: Path) -> bool:
    return _git(root, "rev-parse", "--is-shallow-repository") == "true"


def _check_changed(root: Path, ref: str, same: bool, dirty: str, allow_dirty: bool) -> None:
    if dirty and not allow_dirty:
        changed = [line.strip().partition(" ")[2].strip() for line in dirty.splitlines()]
        raise UsageError(
            f"the work tree of {root.name} has changes that are not committed: {_listed(changed)}. "
            "Commit or stash them, or measure the tree as it is with --allow-dirty."
        )
    if same and not dirty:
        raise NothingToCompareError(
            f"HEAD has nothing that {ref} does not have: there is no change to measure. "
            f"Name an older revision, such as --base {ref}~1."
        )


def _notes(root: Path, tree: Path) -> Iterator[str]:
    unknown = _git(root, "ls-files", "--others", "--exclude-standard").splitlines()
    if code := [name for name in unknown if name.endswith((".py", ".toml", ".ini", ".cfg"))]:
        yield f"not in git, so in head only: {_listed(code)}"
    if (tree / ".gitmodules").is_file():
        yield "the base's tree is without its git submodules"
    attributes = tree / ".gitattributes"
    if attributes.is_file() and "filter=lfs" in attributes.read_text(encoding="utf-8", errors="replace"):
        yield "files in Git LFS: the base has those that git-lfs could fetch"


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _named(root: Path, commit: str, name: str) -> str:
    short = _git(root, "rev-parse", "--short", commit)
    return short if name.startswith(short) else f"{name} ({short})"


@contextlib.contextmanager
def _worktree(root: Path, commit: str) -> Iterator[Path]:
    """A worktree of ``commit``, outside the work tree, for as long as the block lasts."""
    with _terminated_in_order():
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-")).resolve()
        tree = folder / root.name
        try:
            # a hook of the user's must not run for a tree that nobody works in
            _git(
                root,
                "-c",
                "core.hooksPath=/dev/null",
                "worktree",
                "add",
                "--quiet",
                "--detach",
                str(tree),
                commit,
            )
            yield tree
        finally:
            _remove(root, tree)


def _remove(root: Path, tree: Path) -> None:
    with contextlib.suppress(PerfkitError):
        _git(root, "worktree", "remove", "--force", "--force", str(tree))
    shutil.rmtree(tree.parent, ignore_errors=True)
    with contextlib.suppress(PerfkitError):
        _git(root, "worktree", "prune")


def _remove_left_behind(root: Path) -> None:
    """The trees of gates that were killed: their process is gone."""
    for line in _git(root, "worktree", "list", "--porcelain").splitlines():
        tree = Path(line.removeprefix("worktree "))
        found = re.fullmatch(rf"{PREFIX}(\d+)-\w+", tree.parent.name)
        if line.startswith("worktree ") and found and not _alive(int(found[1])):
            _remove(root, tree)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


@contextlib.contextmanager
def _terminated_in_order() -> Iterator[None]:
    """SIGTERM, with which CI cancels a job, ends the block as an exception, so that it tidies up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(signum: int, _: FrameType | None) -> None:
        raise SystemExit(128 + signum)

    before = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _GitError(NothingToCompareError):
    """git refused; its message is ours where nobody knows better."""


def _git(folder: Path, *arguments: str) -> str:
    """What git answers in ``folder``, without blanks around it."""
    environment = {name: value for name, value in os.environ.items() if name not in _LEAKED}
    try:
        answer = subprocess.run(  # noqa: S603 - no shell, and the user's own git
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="surrogateescape",
            env={**environment, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _GitError(f"git {arguments[0]} did not work: {error}") from None
    if answer.returncode:
        last = (answer.stderr.strip().splitlines() or ["no message"])[-1]
        raise _GitError(f"git {' '.join(arguments[:2])} did not work: {last}")
    return answer.stdout.rstrip("\n")
