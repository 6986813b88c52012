"""``prepare``: gevent's threads on the virtual loop, for the rest of the process."""

from __future__ import annotations

import socket
import ssl
import sys
import threading
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

from perfkit.errors import DeadlockError, MissingExtraError, SimulationError, UsageError
from perfkit.sim.polling import SimulatedPoll, simulated_select
from perfkit.sim.socketpatch import getaddrinfo, gethostbyname
from perfkit.sim.sync_sockets import SimulatedSocket

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.sim.greenlets.hub import HubLoop

_TOO_EARLY = ("concurrent.futures.thread", "httpx", "locust", "redis", "requests", "sqlalchemy", "urllib3")
"""They make locks and pools of real threads when they are imported, or keep the functions that do."""

_ADVICE = "start a process of its own for it, and call perfkit.sim.prepare() there before other imports"


def prepare() -> None:
    """Let threads be greenlets in this process from now on, so that ``run_sync`` can simulate them.

    To be called first thing in a process that does nothing else: it cannot be undone. A second call does
    nothing. Locks, queues, events, pools and ``threading.local`` become gevent's; sockets and clocks are led
    into a simulation only while one runs. Raises MissingExtraError without gevent, and UsageError where
    something was imported before that would keep real threads.
    """
    if _is_prepared():
        return
    early = [name for name in _TOO_EARLY if name in sys.modules]
    if early:
        raise UsageError(f"prepare() comes too late: {', '.join(early)} was imported before; {_ADVICE}")
    try:
        import gevent
        from gevent import monkey
        from gevent._hub_local import get_hub_if_exists
    except ImportError as error:
        raise MissingExtraError("virtual time for threads", "gevent", "sim-sync") from error
    from perfkit.sim.greenlets.hub import HubLoop

    if monkey.is_anything_patched() or get_hub_if_exists() is not None:
        raise UsageError(f"gevent is at work in this process already; {_ADVICE}")
    gevent.config.loop = HubLoop
    gevent.config.threadpool = _NoThreadPool
    monkey.patch_thread()
    monkey.patch_queue()
    _rebind(monkey.saved)
    threading._shutdown = partial(_shut_down, threading._shutdown)  # type: ignore[attr-defined]
    # programs such as Locust patch by themselves, which would lead their sockets out of the simulation
    monkey.patch_all = _patched_already
    _replace_sockets_of_gevent()


def hub_loop() -> tuple[Any, HubLoop]:
    """The hub of gevent and its loop; raises SimulationError where they cannot be had."""
    if not _is_prepared():
        raise SimulationError(f"this process is not prepared for simulating threads; {_ADVICE}")
    from gevent import get_hub, getcurrent

    hub = get_hub()
    if getcurrent() is not hub.parent:
        raise SimulationError("a simulation of threads is started from the main thread, outside of any other")
    return hub, hub.loop


def _is_prepared() -> bool:
    monkey = sys.modules.get("gevent.monkey")
    return monkey is not None and monkey.patch_all is _patched_already


def _replace_sockets_of_gevent() -> None:
    """For clients made for gevent: their sockets are those of everybody else, in a simulation and outside."""
    import gevent.select
    import gevent.socket
    import gevent.ssl

    for module, stand_ins in (
        (gevent.socket, {"socket": SimulatedSocket, "create_connection": socket.create_connection}),
        (gevent.socket, {"getaddrinfo": getaddrinfo, "gethostbyname": gethostbyname}),
        (gevent.select, {"select": simulated_select, "poll": SimulatedPoll}),
        (gevent.ssl, {"SSLContext": ssl.SSLContext, "create_default_context": ssl.create_default_context}),
    ):
        vars(module).update(stand_ins)


def _shut_down(original: Callable[[], None]) -> None:
    """What the interpreter does at its end, without waiting for threads that a simulation has left behind."""
    for thread in threading.enumerate():
        thread._daemonic = True  # type: ignore[attr-defined]
    with suppress(DeadlockError):
        original()


def _patched_already(*_arguments: Any, **_options: Any) -> bool:
    return True


class _NoThreadPool:
    def __init__(self, *_arguments: Any, **_options: Any) -> None:
        raise SimulationError("gevent's pool of real threads cannot be simulated: use threading")


def _rebind(saved: dict[str, dict[str, Any]]) -> None:
    """Names that modules imported early, perfkit's among them, are to lead to gevent's functions, too."""
    new_of = {
        id(original): getattr(sys.modules[module], name)
        for module, originals in saved.items()
        for name, original in originals.items()
    }
    untouched = sys.stdlib_module_names | {"gevent"}
    for name, module in list(sys.modules.items()):
        if isinstance(module, ModuleType) and name.partition(".")[0] not in untouched:
            for key, value in list(vars(module).items()):
                if id(value) in new_of:
                    setattr(module, key, new_of[id(value)])
