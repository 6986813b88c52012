"""The virtual loop in a process of greenlets: code that waits gives way to the other threads."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from greenlet import getcurrent

from perfkit.errors import DeadlockError
from perfkit.sim.greenlets.diagnose import deadlock_report
from perfkit.sim.loop import VirtualLoop

if TYPE_CHECKING:
    import asyncio

    from perfkit.sim.greenlets.hub import HubLoop
    from perfkit.sim.link import Network


class GreenletLoop(VirtualLoop):
    """A virtual loop that gevent's hub runs."""

    def __init__(self, hub: Any, network: Network | None = None, limit_ns: int | None = None) -> None:
        super().__init__(network, limit_ns)
        self.hub = hub
        self._hub_loop: HubLoop = hub.loop

    def block_until(self, future: asyncio.Future[Any]) -> None:
        """Keep the calling thread waiting; a server's callback, in the hub, keeps its whole host waiting."""
        if getcurrent() is self.hub:
            super().block_until(future)
            return
        waiting = [getcurrent()]
        wake = partial(self._wake, waiting)
        future.add_done_callback(wake, context=self._hub_loop._context)
        try:
            while not future.done():
                self.hub.switch()
        finally:
            waiting.clear()
            future.remove_done_callback(wake)

    def pass_ns(self, duration_ns: int) -> None:
        """Keep the calling thread waiting for so long; for 0 ns, give way once."""
        if getcurrent() is self.hub:
            super().pass_ns(duration_ns)
            return
        waiting = [getcurrent()]
        self.at_ns(self._now_ns + duration_ns, self._wake, (waiting,), self._hub_loop._context)
        try:
            while waiting:
                self.hub.switch()
        finally:
            waiting.clear()

    def _wake(self, waiting: list[Any], _future: Any = None) -> None:
        # nobody, if an exception was thrown in before: by now the thread may be waiting for something else
        if waiting and self._hub_loop.virtual is self:
            self._hub_loop.outside(waiting.pop().switch)

    def _check_thread(self) -> None:
        """Debug mode asks for the thread that runs the loop; here every thread is a greenlet of it."""

    def _jump(self) -> None:
        try:
            super()._jump()
        except DeadlockError:
            # its report knows of tasks only
            report = deadlock_report(self._now_ns, self.hub.parent)
            if report is None:
                raise
            raise DeadlockError(report) from None
