"""The runs of one folder: read once each, then known from a cache file.

The cache holds nothing that is not in the runs. Where it is missing, damaged or of another version, they are
read again; where it cannot be written, they are read each time.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from perfkit import __version__
from perfkit.errors import NewerSchemaError, RunFileError
from perfkit.model.run import SCHEMA
from perfkit.model.storage import decode_run, encode_run, write_atomic
from perfkit.report.index.summary import Summary, summarize

CACHE = ".perfkit-index.json"
VERSION = 1
"""Raised with every change of ``Summary``, or of what its texts say."""

RUN_SUFFIXES = (".json.gz", ".json")
AGAINST = "--against--"
"""Between the names of two runs in those of the reports of one against the other, which are no runs."""

UNREAD = "not read yet"


class Book(Struct, frozen=True):
    """A file that may hold a run: its summary, or in ``error`` why there is none."""

    name: str
    size_bytes: int
    mtime_ns: int
    summary: Summary | None = None
    error: str = ""

    @property
    def stem(self) -> str:
        """The name without its ending, as runs are named on the command line."""
        return stem(self.name)


class _Cache(Struct):
    made_by: str
    books: list[Book]


@dataclass(frozen=True)
class Shelf:
    """What is in ``folder``: ``runs`` from new to old, files that are none, and the names of all files.

    Runs of the same second are ordered by when their files were written. Of files that hold the same run
    only one is among ``runs``.
    """

    folder: Path
    runs: tuple[Book, ...]
    others: tuple[Book, ...]
    names: frozenset[str]


def stem(name: str) -> str:
    """A run's file name without its ending.

    >>> stem("a.json.gz"), stem("a.json")
    ('a', 'a')
    """
    return name.removesuffix(".gz").removesuffix(".json")


def read_shelf(
    folder: Path, *, budget_s: float = float("inf"), progress: Callable[[int, int], None] | None = None
) -> Shelf:
    """Read what is new in ``folder``, newest first, for at most ``budget_s`` seconds; the rest stays unread.

    Raises RunFileError when there is no such folder, or it may not be read.
    """
    found = list_files(folder)
    known = _read_cache(folder / CACHE)
    wanted = {name: key for name, key in found.items() if name.endswith(RUN_SUFFIXES) and AGAINST not in name}
    books = {name: book for name, key in wanted.items() if (book := known.get((name, *key))) is not None}
    fresh = sorted((name for name in wanted if name not in books), key=lambda name: wanted[name][1])
    until = time.monotonic() + budget_s
    for number, name in enumerate(reversed(fresh)):
        if time.monotonic() > until:
            books[name] = Book(name, *wanted[name], error=UNREAD)
            continue
        books[name] = _read(folder / name, *wanted[name])
        if progress is not None:
            progress(number + 1, len(fresh))
    if fresh or len(known) != len(books):
        _write_cache(folder / CACHE, books)
    return _sorted(folder, list(books.values()), frozenset(found))


def list_files(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of each file in ``folder``: no links, nothing hidden, nothing in folders below it."""
    try:
        with os.scandir(folder) as entries:
            files = [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise RunFileError(
            f"cannot read the folder {folder}: {error.strerror or error}. perfkit bench makes it."
        ) from error
    found = {}
    for entry in files:
        with suppress(OSError):  # gone since
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode):
                found[entry.name] = (status.st_size, status.st_mtime_ns)
    return found


def _read(path: Path, size_bytes: int, mtime_ns: int) -> Book:
    """One file; that it holds no run is no error here, for a folder holds other things too."""
    try:
        run = decode_run(path.read_bytes(), source="it")
        digest = hashlib.sha256(encode_run(run)).hexdigest()[:16]
        return Book(path.name, size_bytes, mtime_ns, summarize(run, digest))
    except NewerSchemaError:
        error = f"written by a newer perfkit; this one reads runs up to schema {SCHEMA}"
    except OSError as problem:
        error = f"cannot be read: {problem.strerror or 'unknown reason'}"
    except RunFileError as problem:
        error = str(problem).removeprefix("it ")
    except Exception as problem:  # a run that decodes, but contradicts itself, must not hide all others
        error = f"cannot be summed up: {type(problem).__name__}"
    return Book(path.name, size_bytes, mtime_ns, error=error)


def _sorted(folder: Path, books: list[Book], names: frozenset[str]) -> Shelf:
    runs: dict[str, Book] = {}

    # of a run that is there twice the one with a page is listed; of run.json.gz and run.json what was stored
    def rank(book: Book) -> tuple[bool, bool, str]:
        return (f"{book.stem}.html" not in names, not book.name.endswith(".gz"), book.name)

    for book in sorted(books, key=rank):
        if book.summary is not None:
            runs.setdefault(book.summary.digest, book)
    return Shelf(
        folder,
        tuple(sorted(runs.values(), key=_moment, reverse=True)),
        tuple(sorted((book for book in books if book.summary is None), key=lambda book: book.name)),
        names,
    )


def _moment(book: Book) -> tuple[str, int, str]:
    created = book.summary.created if book.summary else ""
    return (created, book.mtime_ns, book.name)


def _made_by() -> str:
    return f"perfkit {__version__}, index {VERSION}, schema {SCHEMA}"


def _read_cache(path: Path) -> Mapping[tuple[str, int, int], Book]:
    try:
        cache = msgspec.json.decode(path.read_bytes(), type=_Cache)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if cache.made_by != _made_by():
        return {}
    return {(book.name, book.size_bytes, book.mtime_ns): book for book in cache.books}


def _write_cache(path: Path, books: Mapping[str, Book]) -> None:
    kept = [book for _, book in sorted(books.items()) if book.error != UNREAD and _is_text(book.name)]
    with suppress(RunFileError):  # a folder that may only be read
        write_atomic(path, msgspec.json.encode(_Cache(_made_by(), kept)))


def _is_text(name: str) -> bool:
    """Whether a file's name can be written as UTF-8; JSON cannot hold others."""
    return not any("\ud800" <= character <= "\udfff" for character in name)
