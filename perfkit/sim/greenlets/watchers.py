"""What gevent waits with: callbacks, timers and signals, all on the virtual loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from perfkit.sim.greenlets.hub import HubLoop


class Call(asyncio.Handle):
    """A callback of gevent's, which is the loop's handle as well. It is "pending" until it begins."""

    __slots__ = ("args", "callback")

    def __init__(self, hub_loop: HubLoop, callback: Callable[..., object], args: Any) -> None:
        super().__init__(hub_loop._run, (self,), hub_loop.virtual, hub_loop._context)
        self.callback: Callable[..., object] | None = callback
        self.args = args

    def __bool__(self) -> bool:
        return self.args is not None

    @property
    def pending(self) -> bool:
        """Whether it will run."""
        return self.callback is not None

    def stop(self) -> None:
        """Do not run it."""
        self.callback = self.args = None

    close = stop


class Timer:
    """A timer of gevent's; once, or again after every ``repeat`` seconds."""

    def __init__(self, hub_loop: HubLoop, after_s: float, repeat_s: float) -> None:
        if repeat_s < 0:
            raise ValueError(f"repeat must be positive or zero: {repeat_s!r}")
        self._hub_loop, self._after_s, self._repeat_s = hub_loop, after_s, repeat_s
        self._handle: asyncio.TimerHandle | None = None
        self.callback: Callable[..., object] | None = None
        self.args: Any = None

    @property
    def active(self) -> bool:
        """Whether it has been started and is not over."""
        return self._handle is not None

    pending = False
    ref = True

    def start(self, callback: Callable[..., object], *args: Any, update: bool | None = None) -> None:
        """Call ``callback(*args)`` when the time is up."""
        self.stop()
        self.callback, self.args = callback, args
        self._begin(self._after_s)

    def again(self, callback: Callable[..., object], *args: Any, update: bool | None = None) -> None:
        """Begin anew, with the time of a repetition."""
        self.stop()
        self.callback, self.args = callback, args
        self._begin(self._repeat_s or self._after_s)

    def _begin(self, delay_s: float) -> None:
        hub_loop = self._hub_loop
        self._handle = hub_loop.virtual.call_later(max(delay_s, 0), self._due, context=hub_loop._context)

    def _due(self) -> None:
        call = Call(self._hub_loop, self.callback, self.args)  # type: ignore[arg-type]
        self._handle = None
        if self._repeat_s:
            self._begin(self._repeat_s)
        else:
            self.callback = self.args = None
        self._hub_loop._run(call)

    def stop(self) -> None:
        """Forget it."""
        if self._handle is not None:
            self._handle.cancel()
        self._handle = self.callback = self.args = None

    close = stop

    def __enter__(self) -> Timer:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


class Signal:
    """A call from elsewhere: ``send`` makes the loop run the callback soon."""

    active = pending = False
    ref = True

    def __init__(self, hub_loop: HubLoop) -> None:
        self._hub_loop = hub_loop
        self._call: Any = None

    def start(self, callback: Callable[..., object], *args: Any) -> None:
        """What to run."""
        self._call, self.active = (callback, args), True

    def stop(self) -> None:
        """Run nothing any more."""
        self._call, self.active = None, False

    close = stop

    def send(self) -> None:
        """Run it soon."""
        if self._call is not None:
            callback, args = self._call
            self._hub_loop.run_callback(callback, *args)

    send_ignoring_arg = send
