"""A pair of processes, base and head: forked from one, or started apart with the same hash seed.

Each pair has a fresh address layout and hash seed, the same for both of its sides: of a micro-benchmark it is
the process that varies, and not the round.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from perfkit.bench.ab.links import Link
from perfkit.bench.ab.plan import AbPlan, Side

SITE = Path(__file__).parent / "site"

MALLOC = {
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 25),
    "MALLOC_TOP_PAD_": str(1 << 24),
}
"""glibc's mallopt(3) limits, high and fixed. By default a neutral change may move a program from one way of
returning memory to the system to another, which was seen to make asyncio's reads 2.5 times slower."""

_PATIENCE_S = 2.0


@contextlib.contextmanager
def started_pair(
    base: Side,
    head: Side,
    entry: str,
    options: Mapping[str, Any],
    plan: AbPlan,
    draw: random.Random,
    *,
    fork: bool,
) -> Iterator[tuple[Link, Link]]:
    """Start both sides; at the end they and all that they started are gone."""
    sides = {"base": base, "head": head}
    environment = {"PYTHONHASHSEED": str(draw.randrange(1, 1 << 32)), **MALLOC}
    roots = [str(base.root), str(head.root)]
    links: dict[str, Link] = {}
    ends: dict[str, tuple[socket.socket, IO[bytes]]] = {}
    processes: list[subprocess.Popen[bytes]] = []
    order = draw.sample(["base", "head"], 2)
    try:
        for name in order:
            here, there = socket.socketpair()
            output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with its link
            links[name], ends[name] = Link(name, here, output, plan.timeout_s), (there, output)
        for names in [order] if fork else [[name] for name in order]:
            inherited = [ends[name] for name in names]
            processes.append(_start(sides[names[0]], inherited, plan, roots, environment))
        for name, link in links.items():
            slower = plan.head_slower if name == "head" else 0.0
            side = sides[name]
            link.send(
                side=name, root=str(side.root), roots=roots, paths=list(side.paths), entry=entry,
                options=options, slower=slower,
                shake=draw.getrandbits(32),
            )  # fmt: skip
            ends[name][0].close()
        yield links["base"], links["head"]
    finally:
        hangs = any(link.hangs for link in links.values())
        for link in links.values():
            link.close()
        for process in processes:
            _end(process, 0.0 if hangs else _PATIENCE_S)


def _start(
    side: Side,
    ends: Sequence[tuple[socket.socket, IO[bytes]]],
    plan: AbPlan,
    roots: list[str],
    environment: Mapping[str, str],
) -> subprocess.Popen[bytes]:
    config = {
        "preload": plan.preload,
        "roots": roots,
        "sides": [{"channel": there.fileno(), "output": output.fileno()} for there, output in ends],
    }
    return subprocess.Popen(  # noqa: S603 - the interpreter the caller chose
        [side.python, str(SITE), json.dumps(config)],
        env={**(side.environment or os.environ), **environment},
        pass_fds=[number for one in config["sides"] for number in one.values()],  # type: ignore[attr-defined]
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=ends[0][1],
        cwd=SITE,  # nothing of either tree
        start_new_session=True,  # Ctrl-C is for us, and all that a side starts can be ended with it
    )


def _end(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Let it end by itself, so that programs clean up, and then end what is left."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(patience_s)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
