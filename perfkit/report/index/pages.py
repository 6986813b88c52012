"""``index.html``: the runs of a folder and their trends, as one self-contained page."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from perfkit.errors import RunFileError
from perfkit.model.storage import write_atomic
from perfkit.report import units
from perfkit.report.document import document, environment
from perfkit.report.index.chart import chart
from perfkit.report.index.shelf import AGAINST, Book, Shelf, list_files, read_shelf, stem
from perfkit.report.index.trends import revision, trends

INDEX = "index.html"
OPEN_ROWS = 50
"""Runs above the fold; older ones are in a part that opens."""

_WRITES = 5
"""How often to begin again because runs arrived meanwhile."""

_NOT_ASIDE = ("html", "json", "json.gz")
"""What has a link of its own; all else that lies beside a run is named on its row by its ending."""


@dataclass(frozen=True)
class Link:
    """``href`` is relative to the page."""

    text: str
    href: str


@dataclass(frozen=True)
class Row:
    """One run; final texts. ``report`` is its page, if there is one."""

    name: str
    day: str
    time: str
    outcome: str
    what: str
    says: str
    revision: str
    branch: str
    dirty: bool
    facts: str
    report: Link | None
    links: tuple[Link, ...]


def refresh(
    folder: Path, *, budget_s: float = float("inf"), progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write ``index.html`` in ``folder`` and return its path; only files that are new are read.

    Reading ends after ``budget_s`` seconds; what was not read stands in the page, and is read the next time.
    Raises RunFileError when the folder cannot be read or written, MissingExtraError without jinja2.
    """
    for _ in range(_WRITES):
        shelf = read_shelf(folder, budget_s=budget_s, progress=progress)
        written = _write(folder / INDEX, render_index(shelf))
        # another process may have stored a run, and written its index, while this one was at work
        if list_files(folder).keys() - {INDEX} == shelf.names - {INDEX}:
            break
    return written


def _write(page: Path, text: str) -> Path:
    try:
        return write_atomic(page, text.encode())
    except RunFileError as error:
        why = getattr(error.__cause__, "strerror", None) or error
        raise RunFileError(
            f"cannot write {page}: {why}. perfkit report --serve shows the index without writing it."
        ) from error


def render_index(shelf: Shelf, *, served: bool = False) -> str:
    """The page. ``served``: every run is linked, as the server makes its report when it is asked for."""
    templated = environment("the index of runs", {"chart": chart})
    found = trends(shelf.runs)
    names = sorted(shelf.names)
    rows = [_row(book, names, linked=served or f"{book.stem}.html" in shelf.names) for book in shelf.runs]
    body = templated.get_template("index.html.j2").render(
        rows=rows[:OPEN_ROWS],
        older=rows[OPEN_ROWS:],
        count=units.plural(len(rows), "run"),
        worse=[(one.scenario, series) for one in found for series in one.worse],
        scenarios=found,
        others=[(units.clean(book.name, 120), units.clean(book.error, 300)) for book in shelf.others],
    )
    return document(title(shelf), body, styles=("report.css", "index.css"))


def against_name(run: Path, base: Path) -> str:
    """The name, without an ending, of the reports of ``run`` against ``base``.

    >>> against_name(Path("reports/b.json.gz"), Path("a.json"))
    'b--against--a'
    """
    return f"{stem(run.name)}{AGAINST}{stem(base.name)}"


def title(shelf: Shelf) -> str:
    """What the browser's tab says."""
    return f"{units.plural(len(shelf.runs), 'run')} - perfkit"


def _row(book: Book, names: Sequence[str], *, linked: bool) -> Row:
    run = book.summary
    assert run is not None  # noqa: S101 - the runs of a shelf have one
    day, _, time = run.created.partition("T")
    return Row(
        name=units.clean(book.stem, 160),
        day=day,
        time=time.replace("+00:00", " UTC"),
        outcome=run.outcome,
        what=", ".join(run.names),
        says=run.says,
        revision=revision(run).rstrip("+"),
        branch=run.branch,
        dirty=run.dirty,
        facts=", ".join(_facts(book)),
        report=Link("report", _href(f"{book.stem}.html")) if linked else None,
        links=tuple(_links(book, names)),
    )


def _facts(book: Book) -> list[str]:
    run = book.summary
    assert run is not None  # noqa: S101 - the runs of a shelf have one
    measured = (
        [f"{run.clock} clock", f"seed {run.seed}"]
        if run.kind in ("bench", "tune")
        else [f"{run.clock} clock"]
    )
    return [
        run.kind,
        *([] if run.kind == "analysis" else measured),
        f"perfkit {run.perfkit or 'of unknown version'}",
    ]


def _links(book: Book, names: Sequence[str]) -> list[Link]:
    """The run itself, what was made of it, and its reports against others. ``names`` are sorted."""
    links = [Link("JSON", _href(book.name))]
    for name in _begun(names, f"{book.stem}."):
        kind = name.removeprefix(f"{book.stem}.")
        if not kind.endswith(_NOT_ASIDE):
            links.append(Link(units.clean(kind.upper().replace(".", " "), 40), _href(name)))
    for name in _begun(names, f"{book.stem}{AGAINST}"):
        if name.endswith(".html"):
            base = name.removeprefix(f"{book.stem}{AGAINST}").removesuffix(".html")
            links.append(Link(f"against {units.clean(base, 80)}", _href(name)))
    return links


def _begun(names: Sequence[str], beginning: str) -> Iterator[str]:
    for name in names[bisect_left(names, beginning) :]:
        if not name.startswith(beginning):
            return
        yield name


def _href(name: str) -> str:
    """A file beside the page; ``./`` so that no name is taken for a scheme."""
    return f"./{quote(os.fsencode(name))}"
