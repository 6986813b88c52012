"""Which stored run is meant: a file, a name or its beginning, "latest" or "previous"."""

from __future__ import annotations

import difflib
from collections.abc import Set
from pathlib import Path

from perfkit.errors import NothingToCompareError, RunFileError
from perfkit.report import units
from perfkit.report.index.shelf import RUN_SUFFIXES, Book, Shelf, read_shelf, stem

LATEST = "latest"
PREVIOUS = "previous"

_MOST_NAMED = 6

_BUDGET_S = 2.0
"""For what no index knows yet, newest first: so the newest is known, and names are known unread."""


def find(wanted: str, folder: Path) -> Path:
    """The file of the run that ``wanted`` names.

    An existing file is that file. Otherwise it is "latest", "previous" (the run before the latest that
    measured the same), or the name of a run in ``folder``, of which the beginning is enough if it is the
    only one. Raises RunFileError, with the nearest names, when there is none or more than one.
    """
    if Path(wanted).is_file():
        return Path(wanted)
    if wanted == LATEST:
        return latest(folder)
    if wanted == PREVIOUS:
        return previous(latest(folder), folder)
    if _is_path(wanted) or not folder.is_dir():
        raise RunFileError(_no_run(wanted, folder, []))
    return folder / _named(wanted, read_shelf(folder, budget_s=_BUDGET_S))


def latest(folder: Path) -> Path:
    """The newest run in ``folder``. Raises RunFileError when there is none."""
    runs = read_shelf(folder, budget_s=_BUDGET_S).runs if folder.is_dir() else ()
    if not runs:
        raise RunFileError(f"there is no run in {folder}; make one with perfkit bench, or name a file")
    return folder / runs[0].name


def previous(run: Path, folder: Path) -> Path:
    """The newest run in ``folder`` that is older than ``run`` and measured the same things on the same clock.

    Raises NothingToCompareError when there is none, RunFileError when ``run`` is not in ``folder``.
    """
    runs = read_shelf(folder).runs if folder.is_dir() else ()
    place = next((number for number, book in enumerate(runs) if book.stem == stem(run.name)), None)
    if place is None or run.resolve().parent != folder.resolve():
        raise RunFileError(f"{run} is not a run in {folder}, so no run is before it; name a file")
    for book in runs[place + 1 :]:
        if _measured(book) == _measured(runs[place]):
            return folder / book.name
    raise NothingToCompareError(f"no run in {folder} before {run.name} measured the same; name a file")


def _measured(book: Book) -> tuple[object, ...]:
    assert book.summary is not None  # noqa: S101 - runs have one
    return (book.summary.kind, book.summary.clock, sorted(book.summary.names))


def _named(wanted: str, shelf: Shelf) -> str:
    """Unreadable files can be named too: reading them says what is wrong; and copies of a listed run."""
    names = {book.name for book in (*shelf.runs, *shelf.others)}
    copies = {name for name in shelf.names - names if name.endswith(RUN_SUFFIXES)}
    for same in (wanted, f"{wanted}.json.gz", f"{wanted}.json"):
        if same in names | copies:
            return same
    begun = _begun(wanted, names) or _begun(wanted, copies)
    if len(begun) == 1:
        return begun[0]
    if not begun:
        raise RunFileError(_no_run(wanted, shelf.folder, sorted(stem(name) for name in names)))
    shown = ", ".join(units.clean(stem(name), 120) for name in begun[:_MOST_NAMED])
    more = f" and {len(begun) - _MOST_NAMED} more" if len(begun) > _MOST_NAMED else ""
    raise RunFileError(f"{len(begun)} runs in {shelf.folder} begin with {wanted!r}: {shown}{more}")


def _begun(wanted: str, names: Set[str]) -> list[str]:
    return sorted(name for name in names if name.startswith(wanted))


def _no_run(wanted: str, folder: Path, names: list[str]) -> str:
    if Path(wanted).is_dir():
        return (
            f"{wanted} is a folder; name a run in it, or list those of {folder} with perfkit report --index"
        )
    near = difflib.get_close_matches(wanted, [LATEST, PREVIOUS, *names], n=2, cutoff=0.6)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    where = "" if _is_path(wanted) else f", and no run of that name in {folder}"
    return f"cannot read {wanted}: there is no such file{where}.{hint}"


def _is_path(wanted: str) -> bool:
    """Whether it can only be meant as a path."""
    return Path(wanted).name != wanted
