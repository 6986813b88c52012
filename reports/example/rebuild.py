"""Makes everything in this folder, and says whether it is stale.

    python reports/example/rebuild.py                  # measure anew, then render (about a minute)
    python reports/example/rebuild.py --render         # render the stored runs again
    python reports/example/rebuild.py --check RUN      # is RUN, of `perfkit bench`, what is stored here?

Needs ``pip install -e ".[all,test]"``; without Chromium the pictures in docs stay.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import importlib.metadata
import json
import platform
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUN, SIDES, MADE_WITH = "run.json.gz", ("base", "head"), "made_with.json"
SHOTS = {
    "report.html": (ROOT / "docs" / "report.png", 800),
    "change.html": (ROOT / "docs" / "change.png", 540),
}
"""What a reader sees first of these pages, for the README: the file, and how high it is."""

RENDERERS = ("jinja2", "markupsafe", "markdown-it-py", "matplotlib", "pillow", "numpy")
CLIENTS = ("aiohttp", "fast_bitrix24", "b24pysdk", "sqlalchemy", "aiosqlite", "asyncpg", "psycopg")
GROWTH = "PK502"
"""The rule that looks at all sizes: of some of them it finds something else."""


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 1 when what is stored is stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--render", action="store_true", help="do not measure")
    parser.add_argument("--check", metavar="RUN", type=Path, help="compare this run with the stored one")
    options = parser.parse_args(arguments)
    if options.check:
        return check(options.check)
    if not options.render:
        store()
    for name, content in pages().items():
        (HERE / name).write_bytes(content)
    (HERE / MADE_WITH).write_text(json.dumps(made_with(), indent=2) + "\n", encoding="utf-8")
    screenshots()
    say("\n".join(f"{path.stat().st_size:>9,} {path.relative_to(ROOT)}" for path in files()))
    return 0


def say(text: str) -> None:
    """On stdout."""
    sys.stdout.write(f"{text}\n")


def files() -> list[Path]:
    """What was made, the picture of the README too."""
    kinds = (".gz", ".html", ".json", ".png", ".svg")
    return [path for path in sorted(HERE.rglob("*")) if path.suffix in kinds] + [
        picture for picture, _ in SHOTS.values()
    ]


def store() -> None:
    """Measure both, and keep the runs."""
    from perfkit.model.storage import write_run

    write_run(trimmed(standard()), HERE / RUN)
    for side in SIDES:
        folder = HERE / "change" / side
        write_run(
            measure(folder, command=("perfkit", "bench", "orders.py")), HERE / "change" / f"{side}.json"
        )


def standard() -> Any:
    """The run of ``perfkit bench``."""
    from perfkit.model.storage import read_run

    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "run.json"
        command = [sys.executable, "-m", "perfkit", "bench", "--no-report", "-o", str(kept)]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own verb
        run = read_run(kept)
    run.command = ["perfkit", "bench"]  # without the place it was kept in
    return run


def measure(folder: Path, *names: str, **plan: Any) -> Any:
    """The scenarios of ``folder`` in virtual time, all of them or those named."""
    from perfkit.bench.discovery import find
    from perfkit.bench.harness import Plan, bench

    found = find(names, folder)
    if found.errors:
        raise found.errors[0]
    root = ROOT if folder == ROOT / "scenarios" else folder
    return bench(list(found.scenarios.values()), Plan(**plan), folder=root)


def pages() -> dict[str, bytes]:
    """Name and bytes of all that is rendered from the stored runs."""
    from perfkit.bench.compare import against
    from perfkit.model.storage import read_run
    from perfkit.report.drawing.overview import overview
    from perfkit.report.formats.html import render

    run = read_run(HERE / RUN)
    base, head = (read_run(HERE / "change" / f"{side}.json") for side in SIDES)
    return {
        "report.html": render(run),
        "figure.svg": overview(run, kind="svg"),
        "figure.png": overview(run, kind="png"),
        "change.html": render(against(head, base, base_name="main", head_name="the change")),
    }


def trimmed(run: Any) -> Any:
    """``run`` without what is shown nowhere: most single calls, and the numbers findings have of them."""
    from msgspec.structs import replace

    from perfkit.model import PackedTrace

    looked: set[int] = set()

    class Watched(PackedTrace):
        """Says when its spans are read."""

        def __getattribute__(self, name: str) -> Any:
            if name == "span_start_ns":
                looked.add(id(self))
            return super().__getattribute__(name)

    watched, kept = copy.deepcopy(run), copy.deepcopy(run)
    for cell in cells(watched):
        if cell.trace is not None:
            cell.trace = Watched(**{name: getattr(cell.trace, name) for name in cell.trace.__struct_fields__})
    looked.clear()
    before = drawn(watched)
    for cell, shown in zip(cells(kept), cells(watched), strict=True):
        cell.findings = [replace(finding, span_ids=[]) for finding in cell.findings]
        if id(shown.trace) not in looked:
            cell.trace = None
    if before != drawn(kept):
        raise SystemExit("what is left out of the stored run is shown in the page: mend trimmed()")
    return kept


def drawn(run: Any) -> tuple[bytes, bytes]:
    """Page and figure, but for how many calls are in the run beside those that are shown."""
    from perfkit.report.drawing.overview import overview
    from perfkit.report.formats.html import render

    return re.sub(rb"[\d,]+ more recordings?", b"", render(run)), overview(run)


def cells(run: Any) -> Iterator[Any]:
    """All cells of a run."""
    return (cell for scenario in run.scenarios for cell in scenario.cells)


def check(path: Path) -> int:
    """Print which cells of the run at ``path`` are not what is stored."""
    from perfkit.model.storage import read_run

    stored, fresh = read_run(HERE / RUN), read_run(path)
    stale = differences(stored, fresh)
    other = {} if not stale else unlike(CLIENTS)
    if other:
        say(f"not compared: measured with other packages ({other}); run rebuild.py with these")
        return 0
    for line in stale[:20]:
        say(f"stale: {line}")
    if stale:
        say(f"{len(stale)} in all. Run: python reports/example/rebuild.py")
    else:
        say(f"{sum(1 for _ in cells(fresh))} cells, as stored in reports/example")
    return 1 if stale else 0


def differences(stored: Any, fresh: Any, *, subset: bool = False) -> list[str]:
    """Cells of ``fresh`` that ``stored`` has not as they are; of a ``subset`` no more is asked."""
    before, after = results(stored), results(fresh)
    gone = [] if subset else [f"{place}: no longer measured" for place in before if place not in after]
    new = [f"{place}: new" for place in after if place not in before]
    return (
        gone
        + new
        + [
            f"{place}: {name} is {after[place][name]!r:.200}, stored as {before[place][name]!r:.200}"
            for place in after
            if place in before
            for name in after[place]
            if after[place][name] != before[place][name]
        ]
    )


def results(run: Any) -> dict[str, dict[str, Any]]:
    """What was measured, by its place, but for single calls."""
    from perfkit.model.storage import encode_run

    found = {}
    for scenario in json.loads(encode_run(run))["scenarios"]:
        for cell in scenario["cells"]:
            cell["findings"] = [one | {"span_ids": []} for one in cell["findings"] if one["rule"] != GROWTH]
            place = f"{scenario['name']}: {cell['strategy']} at {cell['size']} on {cell['world']}"
            found[place] = {name: value for name, value in cell.items() if name != "trace"}
    return found


def made_with() -> dict[str, str]:
    """The versions that the bytes and the figures here depend on beside perfkit."""
    python = platform.python_version().rpartition(".")[0]
    fixed = {"python": python, "sqlite": sqlite3.sqlite_version, "zlib": zlib.ZLIB_RUNTIME_VERSION}
    return fixed | {name: version for name in (*RENDERERS, *CLIENTS) if (version := version_of(name))}


def version_of(package: str) -> str:
    """Its version, or "" where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def unlike(names: tuple[str, ...]) -> dict[str, str]:
    """Which of these, or of Python, SQLite and zlib, are other versions than those of the stored files."""
    stored, here = json.loads((HERE / MADE_WITH).read_text(encoding="utf-8")), made_with()
    return {
        name: f"{stored.get(name, 'none')} stored, {here.get(name, 'none')} here"
        for name in ("python", "sqlite", "zlib", *names)
        if stored.get(name) != here.get(name)
    }


def screenshots() -> None:
    """The first screens, 1280 wide; nothing where there is no browser."""
    sys.path.insert(0, str(ROOT))
    from tests.browser import browser_page, find_browser

    if find_browser() is None:
        say("no browser: the pictures in docs stay as they are")
        return

    async def shoot(folder: str) -> None:
        async with browser_page() as tab:
            await tab.scheme("light")
            for name, (picture, height) in SHOTS.items():
                await tab.width(1280, height)
                await tab.open(Path(shutil.copy(HERE / name, folder)).as_uri())
                await tab.screenshot(picture, whole=False)

    with tempfile.TemporaryDirectory() as folder:  # a path that names no machine
        asyncio.run(shoot(folder))


if __name__ == "__main__":
    sys.exit(main())
