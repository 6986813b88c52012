"""The portal's limits: the leaky bucket on requests, and the ledger of time a method has worked."""

from __future__ import annotations

from dataclasses import dataclass, field

OPERATING_WINDOW_S = 600
OPERATING_BUCKET_S = 60
OPERATING_RECORDED_NS = 100_000_000
"""What a request spends on a method is not recorded up to 0.1 s."""


@dataclass
class _Bucket:
    first_s: float
    ticks: int = 0
    level: float = 0.0


class LeakyBucket:
    """Lets ``burst`` requests through at once, and ``per_second`` in the long run, for each client address.

    The documentation says the counter falls by Y once a second: it falls in steps, at whole seconds after the
    client's first request. A burst of None lets everything through. ``blocked_count``: see ``PortalConfig``.

    >>> bucket = LeakyBucket(burst=50, per_second=2.0)
    >>> [bucket.admit("10.0.0.1", 0.0) for _ in range(60)].count(True)
    50
    >>> [bucket.admit("10.0.0.1", 1.0) for _ in range(60)].count(True)
    2
    """

    def __init__(self, burst: int | None, per_second: float, *, blocked_count: bool = False) -> None:
        self.burst = burst
        self.per_second = per_second
        self.blocked_count = blocked_count
        self._buckets: dict[str, _Bucket] = {}

    def admit(self, client: str, now_s: float) -> bool:
        """Count a request that arrives now; False when it is refused."""
        if self.burst is None:
            return True
        bucket = self._buckets.setdefault(client, _Bucket(now_s))
        self._leak(bucket, now_s)
        admitted = bucket.level + 1 <= self.burst
        if admitted or self.blocked_count:
            bucket.level += 1
        return admitted

    def _leak(self, bucket: _Bucket, now_s: float) -> None:
        # To the microsecond: the difference of two large floats may fall just short of a whole second.
        ticks = round((now_s - bucket.first_s) * 1e6) // 1_000_000
        if ticks > bucket.ticks:
            bucket.level = max(0.0, bucket.level - self.per_second * (ticks - bucket.ticks))
            bucket.ticks = ticks


@dataclass
class _Minute:
    first_s: float
    spent_ns: int = 0


@dataclass
class OperatingLedger:
    """Modelled time spent per credential and method over ten minutes, in buckets of one minute.

    It is what the ``operating`` of an answer's ``time`` shows; above ``limit_s`` the method is blocked.
    """

    limit_s: float = 480.0
    _spent: dict[tuple[str, str], dict[int, _Minute]] = field(default_factory=dict)

    def record(self, credential: str, method: str, now_s: float, cost_ns: int) -> None:
        """Add time that a method worked."""
        minutes = self._spent.setdefault((credential, method), {})
        minutes.setdefault(int(now_s // OPERATING_BUCKET_S), _Minute(now_s)).spent_ns += cost_ns

    def read(self, credential: str, method: str, now_s: float) -> tuple[float, int]:
        """Seconds spent in the window, and the Unix time at which the oldest of them is forgotten."""
        minutes = self._spent.get((credential, method))
        if not minutes:
            return 0.0, int(now_s) + OPERATING_WINDOW_S
        oldest_kept = int((now_s - OPERATING_WINDOW_S) // OPERATING_BUCKET_S) + 1
        for minute in [minute for minute in minutes if minute < oldest_kept]:
            del minutes[minute]
        spent_ns = sum(minute.spent_ns for minute in minutes.values())
        first_s = min((minute.first_s for minute in minutes.values()), default=now_s)
        return spent_ns / 1e9, int(first_s) + OPERATING_WINDOW_S

    def blocks(self, credential: str, method: str, now_s: float) -> bool:
        """Whether the method has worked for longer than the limit and may not be called now."""
        return (credential, method) in self._spent and self.read(credential, method, now_s)[0] > self.limit_s


@dataclass
class RequestSpending:
    """What one request has spent by method: the ledger hears of a method once it is above 0.1 s."""

    ledger: OperatingLedger
    credential: str
    _spent_ns: dict[str, int] = field(default_factory=dict)

    def add(self, method: str, now_s: float, cost_ns: int) -> None:
        """Bill ``cost_ns`` to ``method``."""
        before_ns = self._spent_ns.get(method, 0)
        spent_ns = self._spent_ns[method] = before_ns + cost_ns
        if spent_ns > OPERATING_RECORDED_NS:
            heard_ns = before_ns if before_ns > OPERATING_RECORDED_NS else 0
            self.ledger.record(self.credential, method, now_s, spent_ns - heard_ns)
