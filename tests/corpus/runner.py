"""The labelled programs, and running them: what the rules find in each.

    python -m tests.corpus.runner [FOLDER | FOLDER/PROGRAM ...]   # what is not as labelled, and the table

A program is ``<folder>/<name>.py`` with ``main(world)``, which may be async. ``world`` is what the folder's
``_world.py`` yields from its context manager ``world()``; it is entered anew for each program, before the
recording. The end of a line says what must be found there (``# expect: PK101, PK105``) or is neither demanded
nor counted as wrong (``# may: PK103``). A program that expects nothing is right, and must give no finding.

The line is the one to edit: where a loop makes the call, also through helpers; for what an ORM loads itself
where the attribute is read; for a task or a pool's thread, whose stack has no loop, the query in it; for
connections the line that opens them, or the loop's where an engine does that; for what is fetched in vain the
line that asks for it; for calls that take turns the first of them. The line is that of a traceback.

A program's stack must end where a real one's would: each folder runs in a thread of its own, so that no loop
of the runner's or of pytest's is among its callers.
"""

import asyncio
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import perfkit

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

OWN_PROCESS = frozenset({"django"})
"""Folders whose library can be set up only once in a process, which other tests do as well."""

_LABEL = re.compile(r"#\s*(expect|may):\s*(PK\d{3}(?:\s*,\s*PK\d{3})*)\s*(?=#|$)")
_LIKE_A_LABEL = re.compile(r"#\s*(expect|may)\b")


class Label(NamedTuple):
    """A rule and the line of the program that it is about; 0 for a line elsewhere."""

    rule: str
    line: int


class Program(NamedTuple):
    """One program and what its comments say."""

    folder: str
    name: str
    expected: tuple[Label, ...]
    tolerated: tuple[Label, ...]

    def __str__(self):
        return f"{self.folder}/{self.name}"


class Outcome(NamedTuple):
    """What came of one program: how many spans of each kind, what was found, and the error it ended with."""

    spans: dict[str, int]
    found: list[Label]
    error: str


def programs(*wanted):
    """All programs, or those of the folders and the programs named, in alphabetical order."""
    files = (path for world in HERE.glob("*/_world.py") for path in world.parent.glob("[!_]*.py"))
    known = [_read(path) for path in sorted(files)]
    return [p for p in known if not wanted or p.folder in wanted or str(p) in wanted]


def _read(path):
    labels = {"expect": [], "may": []}
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        found = list(_LABEL.finditer(text))
        for label in found:
            labels[label[1]] += [Label(rule.strip(), number) for rule in label[2].split(",")]
        if len(found) < len(_LIKE_A_LABEL.findall(text)):
            raise ValueError(f"{path}:{number}: {text.strip()!r} is no label; write '# expect: PK101, PK105'")
    return Program(path.parent.name, path.stem, tuple(labels["expect"]), tuple(labels["may"]))


def outcomes(chosen):
    """The outcome of each of the programs."""
    done = {}
    for folder in sorted({program.folder for program in chosen}):
        members = [program for program in chosen if program.folder == folder]
        done.update(_in_own_process(members) if folder in OWN_PROCESS else in_this_process(members))
    return done


def in_this_process(members):
    """The outcome of each program of one folder, run in a thread that has no other callers."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return {program: thread.submit(_run, program).result() for program in members}


def _in_own_process(members):
    code = "import sys; from tests.corpus import runner; runner.send(sys.argv[1:])"
    command = [sys.executable, "-W", "error", "-c", code, *map(str, members)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"{members[0].folder}: {done.stderr[-2000:]}")
    rows = json.loads(done.stdout)
    return {
        program: Outcome(spans, [Label(*label) for label in found], error)
        for program, (spans, found, error) in zip(members, rows, strict=True)
    }


def send(names):
    """For the process that started this one: the outcomes of programs of one folder as JSON."""
    json.dump(list(in_this_process(programs(*names)).values()), sys.stdout)


def _run(program):
    module = importlib.import_module(f"tests.corpus.{program}".replace("/", "."))
    make_world = importlib.import_module(f"tests.corpus.{program.folder}._world").world
    perfkit.instrument("auto")  # some libraries' connections are watched only if they were made so
    found, error = [], ""
    with make_world() as world:
        try:
            with perfkit.record() as rec:
                _call(module.main, world)
            found = [_label(finding, module.__file__) for finding in rec.findings()]
        except Exception as problem:
            error = f"{type(problem).__name__}: {problem}"
    return Outcome(dict(Counter(span.kind for span in rec.trace.spans)), found, error)


def _call(main, world):
    if inspect.iscoroutinefunction(main):
        asyncio.run(main(world))
    else:
        main(world)


def _label(finding, file):
    site = finding.site
    here = site is not None and os.path.realpath(site.file) == os.path.realpath(file)
    return Label(finding.rule, site.line if here else 0)


if __name__ == "__main__":
    from tests.corpus.scores import report, table

    results = outcomes(programs(*sys.argv[1:]))
    sys.stdout.write(report(results) + "\n" + table(results) + "\n")
