"""gevent's view of the virtual loop: callbacks and timers, in the order in which they were asked for.

Between simulations an idle loop of no network takes its place, so that threads can start; its timers wait for
nothing.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from perfkit.sim.greenlets.watchers import Call, Signal, Timer
from perfkit.sim.timers import TimerLoop
from perfkit.sim.unsupported import refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def _refusing(what: str) -> Callable[..., Any]:
    def method(self: object, *_args: object, **_options: object) -> NoReturn:
        refuse(what)

    return method


class HubLoop:
    """What gevent makes as the loop of its hub (``gevent.config.loop``)."""

    MAXPRI = 2
    approx_timer_resolution = 1e-9
    default = True
    error_handler: Any = None
    pendingcnt = 0
    activecnt = 0

    def __init__(self, flags: Any = None, default: Any = None) -> None:
        self._idle = self.virtual = TimerLoop()
        self._context = self._idle.new_context("")

    # What it runs

    def run(self, nowait: bool = False, once: bool = False) -> None:
        """Run the virtual loop; what ends it is raised in the main greenlet, and it can go on after that."""
        parent = self.error_handler.parent
        while True:
            loop = self.virtual
            try:
                loop.run_forever()
            except BaseException as error:
                parent.throw(error)
            else:
                parent.switch()

    @contextmanager
    def running(self, loop: TimerLoop) -> Iterator[None]:
        """Let the hub run ``loop``, which is the caller's again afterwards. For the main greenlet."""
        self._change(loop)
        try:
            yield
        finally:
            self._change(self._idle)

    def _change(self, loop: TimerLoop) -> None:
        before = self.virtual
        if before.is_running():
            before.stop()
            self._hub().switch()  # comes back after this turn
        self.virtual = loop
        # a thread that was about to go on, such as one of a pool, does so in what runs next
        for call in [handle for handle in before._ready if isinstance(handle, Call)]:
            before._ready.remove(call)
            call._loop = loop  # type: ignore[attr-defined]
            loop._ready.append(call)

    def _hub(self) -> Any:
        from gevent import get_hub

        return get_hub()

    def run_callback(self, callback: Callable[..., object], *args: Any) -> Call:
        """Run it in the next turn."""
        call = Call(self, callback, args)
        self.virtual._ready.append(call)
        return call

    run_callback_threadsafe = run_callback

    def _run(self, call: Call) -> None:
        callback, args = call.callback, call.args
        call.callback = None
        if callback is None or call._loop is not self.virtual:  # type: ignore[attr-defined]
            return  # stopped, or a timer of a simulation that has ended
        try:
            self.outside(callback, *args)
        except BaseException:
            self.handle_error(call, *sys.exc_info())
        finally:
            call.args = None

    def outside(self, callback: Callable[..., object], *args: Any) -> None:
        """Call what may switch to a greenlet: no loop is running there."""
        asyncio._set_running_loop(None)
        try:
            callback(*args)
        finally:
            asyncio._set_running_loop(self.virtual)

    def handle_error(self, context: Any, kind: Any, value: Any, traceback: Any) -> None:
        """Tell the hub."""
        self.error_handler.handle_error(context, kind, value, traceback)

    # Watchers

    def timer(self, after: float, repeat: float = 0.0, ref: bool = True, priority: Any = None) -> Timer:
        """A timer, in seconds of virtual time."""
        return Timer(self, after, repeat)

    def async_(self, ref: bool = True, priority: Any = None) -> Signal:
        """A signal."""
        return Signal(self)

    io = _refusing("waiting for a real file descriptor in a greenlet")
    child = _refusing("waiting for a subprocess in a greenlet")
    fork = _refusing("fork() in a greenlet")
    stat = _refusing("watching a file in a greenlet")
    signal = _refusing("a signal's watcher")
    idle = _refusing("gevent.idle()")
    prepare = _refusing("a watcher of the hub")
    check = _refusing("a watcher of the hub")

    # The clock

    def now(self) -> float:
        """Seconds of virtual time."""
        return self.virtual.time()

    def update_now(self) -> None:
        """The clock is always right."""

    update = update_now

    # The rest of what gevent calls

    def install_sigchld(self) -> None:
        """There are no subprocesses."""

    def reinit(self) -> None:
        """After a fork: nothing to make anew."""

    def destroy(self) -> None:
        """Nothing is held outside Python."""

    def closing_fd(self, fd: int) -> bool:
        """Nobody watches it."""
        return False

    def _format(self) -> str:
        return repr(self.virtual)
