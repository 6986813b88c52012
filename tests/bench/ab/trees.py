"""Two trees whose benchmarks tell made-up times: real processes, exact results."""

import json
from pathlib import Path

from perfkit.bench.ab.controller import compare
from perfkit.bench.ab.plan import AbPlan, Side

ENTRY = """
import json, os, random, signal, sys, threading, time

def note(**what):
    with open("notes.jsonl", "a") as file:
        file.write(json.dumps({"side": SESSION.side, "pid": os.getpid(), **what}) + chr(10))

def entry(session, options):
    global SESSION
    SESSION = session
    for name in session.offer(list(BENCHMARKS)):
        run = BENCHMARKS[name]
        try:
            if run is not None:
                session.measure(name, run if callable(run) else lambda loops, ns=run: loops * ns)
        except ZeroDivisionError:
            pass
"""


def make_side(folder: Path, benchmarks: str, **side) -> Side:
    """A tree whose module has ``BENCHMARKS = {benchmarks}``: nanoseconds a call, or a ``run``."""
    folder.mkdir()
    (folder / "made_up.py").write_text(f"{ENTRY}\n{benchmarks}\n")
    return Side(folder, paths=(str(folder),), **side)


def two_sides(place: Path, base: str, head: str) -> tuple[Side, Side]:
    """Base and head, each from its ``BENCHMARKS``."""
    return make_side(place / "base", base), make_side(place / "head", head)


def run_pair_of(sides, progress=None, **plan):
    """Compare them, with time enough on a busy machine."""
    settings = {"budget_s": 60.0, "timeout_s": 20.0, "seed": 1} | plan
    return compare(*sides, "made_up:entry", {}, AbPlan(**settings), progress)


def notes_of(side: Side) -> list[dict]:
    """What the side's processes noted."""
    return [json.loads(line) for line in (side.root / "notes.jsonl").read_text().splitlines()]
