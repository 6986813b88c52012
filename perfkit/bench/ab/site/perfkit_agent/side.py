"""One side's life: its tree's paths, its entry point, and what became of it."""

from __future__ import annotations

import contextlib
import importlib
import os
import random
import sys
import traceback
from collections.abc import Iterable
from typing import Any

from .channel import Channel, ControllerGoneError
from .session import Refused, Session


def live(descriptors: dict[str, int]) -> None:
    """Be a side until its entry point returns or the controller is gone."""
    os.dup2(descriptors["output"], 1)
    os.dup2(descriptors["output"], 2)
    channel = Channel(descriptors["channel"])
    with contextlib.suppress(ControllerGoneError):
        setup = channel.receive()
        _run(channel, setup)
        sys.stdout.flush()
        channel.send("ended")
    channel.close()


def _run(channel: Channel, setup: dict[str, Any]) -> None:
    session = Session(channel, setup)
    try:
        settle(setup)
        ballast = shaken(setup["shake"])  # noqa: F841 - kept while the side lives
        module, _, function = setup["entry"].partition(":")
        getattr(importlib.import_module(module), function)(session, session.options)
    except ControllerGoneError:
        raise
    except Refused as refused:
        channel.send("refused", message=str(refused), usage=refused.usage)
    except BaseException as error:  # SystemExit too: the entry point runs other people's programs
        traceback.print_exc()
        channel.send("raised", message=f"{type(error).__name__}: {error}")


def shaken(seed: int) -> list[bytes]:
    """Memory that is kept, so that what comes after it lies elsewhere in each process.

    Without it a neutral change that moves code and data about has the same effect in every pair, which no
    number of pairs averages away: .4 % for queries of SQLite, and 0 with it.
    """
    draw = random.Random(seed)
    return [bytes(draw.randrange(1, 480)) for _ in range(draw.randrange(20_000))]


def settle(setup: dict[str, Any]) -> None:
    """Work in the side's own tree: the folder, and every place where modules are looked for."""
    os.chdir(setup["root"])
    sys.argv[:] = [""]
    sys.path[:] = moved_paths(sys.path, setup["paths"], setup["roots"], setup["root"])


def moved_paths(path: Iterable[str], first: list[str], roots: list[str], root: str) -> list[str]:
    """``path`` with ``first`` before it, and places below one of ``roots`` moved to the same below ``root``.

    A virtual environment that lies in a tree stays where it is.

    >>> moved_paths(["/usr/lib", "/head/src"], ["/base"], ["/base", "/head"], "/base")
    ['/base', '/usr/lib', '/base/src']
    """
    moved = [*first, *(_moved(place, roots, root) for place in path)]
    return list(dict.fromkeys(moved))


def _moved(place: str, roots: list[str], root: str) -> str:
    if place.startswith(sys.prefix + os.sep):
        return place
    for known in roots:
        if place == known or place.startswith(known + os.sep):
            return root + place[len(known) :]
    return place
