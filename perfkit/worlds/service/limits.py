"""How many requests a service lets through. Time is handed in, in nanoseconds."""

from __future__ import annotations

from perfkit.worlds.service.behaviour import Behaviour

_SECOND_NS = 1_000_000_000


class Gate:
    """``burst`` requests at once, ``per_second`` in the long run, ``max_in_flight`` at a time; all clients.

    The rate limit is a bucket that empties evenly (the generic cell rate algorithm): after a burst a request
    may pass every 1/per_second, to the nanosecond. Refused requests do not count.

    >>> gate = Gate(Behaviour(per_second=2.0, burst=1))
    >>> gate.wait_ns(0), gate.enter(0), gate.wait_ns(100_000_000)
    (0, None, 400000000)
    """

    def __init__(self, behaviour: Behaviour) -> None:
        rate = behaviour.per_second
        self._interval_ns = 0 if rate is None else round(_SECOND_NS / rate)
        self._ahead_ns = (behaviour.burst - 1) * self._interval_ns
        self._max_in_flight = behaviour.max_in_flight
        self._due_ns = 0
        self.in_flight = 0
        self.peak_in_flight = 0

    def wait_ns(self, now_ns: int) -> int:
        """0 if a request may pass now; else how long until one may: a second if nobody can know."""
        if self._max_in_flight is not None and self.in_flight >= self._max_in_flight:
            return _SECOND_NS
        return max(0, self._due_ns - self._ahead_ns - now_ns)

    def enter(self, now_ns: int) -> None:
        """Count a request that passes."""
        self._due_ns = max(self._due_ns, now_ns) + self._interval_ns
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)

    def leave(self) -> None:
        """Count a request that has been answered."""
        self.in_flight -= 1


def retry_after_s(wait_ns: int) -> str:
    """The value of Retry-After, which counts whole seconds: the first at which the wait is over.

    >>> retry_after_s(400_000_000)
    '1'
    """
    return str(max(1, -(-wait_ns // _SECOND_NS)))
