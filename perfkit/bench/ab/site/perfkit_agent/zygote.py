"""The process that both sides of a pair are forked from: one address layout and hash seed, two programs.

``config`` is ``{"preload": [module, ...], "sides": [{"channel": fd, "output": fd}, ...]}``: with one side the
process becomes it, with two it imports what they share and forks them in that order.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import sys
import threading
from typing import Any, NoReturn

from . import side
from .channel import Channel


def main(config: dict[str, Any]) -> None:
    """Become a side, or fork two and wait for both."""
    sides = config["sides"]
    if len(sides) == 1:
        side.live(sides[0])
        _leave()
    problem = _preload(config["preload"], config["roots"])
    if problem:
        for one in sides:
            Channel(one["channel"]).send("unfit", message=problem)
        return
    gc.collect()
    gc.freeze()
    children = []
    for one in sides:
        child = os.fork()
        if not child:
            _forget([other for other in sides if other is not one])
            side.live(one)
            _leave()
        children.append(child)
    _forget(sides)
    for child in children:
        os.waitpid(child, 0)
    _leave()


def _leave() -> NoReturn:
    """End, once programs have cleaned up: taking interpreters apart was a third of a pair's time."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _preload(modules: list[str], roots: list[str]) -> str:
    """Import what both sides share; the reason why this process must not be forked, if there is one."""
    for name in modules:
        # what cannot be imported here is the sides' own matter
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return f"importing {', '.join(modules)} started threads ({', '.join(threads)})"
    own = [name for name, module in list(sys.modules.items()) if _is_within(module, roots)]
    return f"{', '.join(sorted(own)[:3])} would come from one tree for both sides" if own else ""


def _is_within(module: object, roots: list[str]) -> bool:
    file = getattr(module, "__file__", None) or ""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    shared = (here + os.sep, sys.prefix + os.sep, sys.base_prefix + os.sep)
    return any(file.startswith(root + os.sep) for root in roots) and not file.startswith(shared)


def _forget(sides: list[dict[str, int]]) -> None:
    """Close the file descriptors of processes that this one is not, so that their ends are seen."""
    for one in sides:
        os.close(one["channel"])
        os.close(one["output"])
