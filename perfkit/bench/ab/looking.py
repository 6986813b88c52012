"""Single processes of a side beside the pairs: a first look at what it has, and calls to be counted."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perfkit.bench.ab.environments import Sides
from perfkit.bench.ab.pair import SITE
from perfkit.bench.ab.plan import Side
from perfkit.errors import NothingToCompareError, UsageError

TIMEOUT_S = 600.0
TAIL = 12
"""Lines of a side's output in a message."""

_START = """
import json, sys
sys.path[0] = sys.argv[1]
from perfkit_agent import looking
looking.{}(json.loads(sys.argv[2]))
"""


@dataclass(frozen=True)
class Looked:
    """What a side was seen to have: names of benchmarks, and modules that both sides may share."""

    names: tuple[str, ...]
    modules: tuple[str, ...]


def look(side: Side, sides: Sides, entry: str, options: Mapping[str, Any]) -> Looked:
    """Call the entry point of ``side`` once with nothing to measure.

    Raises UsageError or NothingToCompareError where it refuses, or ends without an answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, said = Path(folder, "out"), Path(folder, "said")
        with said.open("wb") as output, contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603 - the interpreter the user named
                _command("look", side, sides, entry, options, out=str(out), project=list(sides.project)),
                cwd=SITE,
                env={**(side.environment or os.environ)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                timeout=TIMEOUT_S,
                check=False,
            )
        seen = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"problem": "it ended early"}
        tail = "\n".join(said.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL:])
    if seen["problem"]:
        error = UsageError if seen.get("usage") else NothingToCompareError
        raise error(seen["problem"] + ("" if seen.get("refused") else f"\n{tail}"))
    return Looked(tuple(seen["names"]), tuple(seen["modules"]))


def calls_of(
    name: str, loops: int, side: Side, sides: Sides, entry: str, options: Mapping[str, Any]
) -> list[str]:
    """The command of a process that makes so many calls of one benchmark of ``side``, and nothing more."""
    return _command("repeat", side, sides, entry, options, name=name, loops=loops)


def _command(
    what: str, side: Side, sides: Sides, entry: str, options: Mapping[str, Any], **more: Any
) -> list[str]:
    setup = {
        "root": str(side.root),
        "roots": [str(sides.base.root), str(sides.head.root)],
        "paths": list(side.paths),
        "entry": entry,
        "options": dict(options),
        **more,
    }
    return [side.python, "-c", _START.format(what), str(SITE), json.dumps(setup)]
