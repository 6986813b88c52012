"""A recording of as many spans as a page holds, like one of a busy service; quickly made."""

from __future__ import annotations

import random

from perfkit.model import Frame, PackedTrace, Run
from tests.report.sample import empty_run

NAMES = 40
KINDS = ("span", "query", "request", "connect", "wait")


def large_run(count: int = 100_000) -> Run:
    """Operations of some five calls each, in three threads and 49 tasks; durations of six digits."""
    run = empty_run(kind="trace", clock="wall", perfkit="0.1.0", command=["perfkit", "run", "service.py"])
    chance, packed = random.Random(1), PackedTrace("wall", 0, 0)
    packed.frames = [Frame(f"app/module_{n}.py", 7 * n + 3, f"function_{n}") for n in range(NAMES)]
    packed.paths = [[n] for n in range(NAMES)]
    packed.names = [*KINDS, *(f"SELECT a_{n} FROM table_{n} WHERE id = ?" for n in range(NAMES))]
    now = 0
    while len(packed.id) < count:
        root, start, task, thread = len(packed.id) + 1, now, chance.randrange(1, 50), chance.randrange(1, 4)
        _add(packed, chance, None, 0, start, int(chance.lognormvariate(15, 0.6)), task, thread)
        for _ in range(min(chance.randrange(3, 8), count - len(packed.id))):
            start += int(chance.expovariate(1 / 30_000))
            length = int(chance.lognormvariate(13, 1))
            _add(packed, chance, root, chance.randrange(1, 5), start, length, task, thread)
            start += length
        now += int(chance.expovariate(1 / 400_000))
    packed.end_ns = max(packed.span_end_ns)
    run.trace = packed
    return run


def _add(packed, chance, parent, kind, start_ns, length_ns, task, thread):
    name = chance.randrange(NAMES)
    packed.id.append(len(packed.id) + 1)
    packed.parent.append(parent)
    packed.kind.append(kind)
    packed.name.append(len(KINDS) + name)
    packed.span_start_ns.append(start_ns)
    packed.span_end_ns.append(start_ns + length_ns)
    packed.site.append(name)
    packed.path.append(name)
    packed.task.append(task)
    packed.thread.append(thread)
    packed.attrs.append({"status": 503} if chance.random() < 0.01 else {})
    packed.error.append("ValueError" if chance.random() < 0.003 else None)
