"""What goes wrong with a portal on purpose: rules, of which the first that matches a request decides.

Whether a rule hits is drawn from the seed, the rule's place and the number of the request alone, so that a
run can be repeated. Knows no HTTP: a fault says what is to happen, the portal and its fronts do it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from perfkit.errors import UnknownNameError, UsageError
from perfkit.sim.distributions import share_of

EFFECTS = {
    "503": "refused: QUERY_LIMIT_EXCEEDED",
    "429": "refused: OPERATION_TIME_LIMIT",
    "500": "refused: INTERNAL_SERVER_ERROR",
    "overload": "refused with 503: OVERLOAD_LIMIT",
    "html": "answered with the page of a web server: 502 Bad Gateway",
    "reset": "the connection is reset before anything is done",
    "cut": "carried out, then the connection is reset in the middle of the answer",
    "drop": "never answered, nor carried out",
    "slow": "carried out, but takes longer",
}
"""What can happen to a request."""

ON_COMMANDS = ("503", "429", "500", "overload", "slow")
"""What can happen to a single command of a batch."""

LATE = ("cut", "slow")
"""What does not keep a request from being carried out."""

FOREVER = (0.0, math.inf)

MAX_FACTOR, MAX_EXTRA_NS = 1_000_000, 86_400 * 10**9
"""A slow request is to end one day; who wants none has "drop"."""

REFUSALS = {
    "503": (503, "QUERY_LIMIT_EXCEEDED", "Too many requests"),
    "429": (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit."),
    "500": (500, "INTERNAL_SERVER_ERROR", "Internal server error"),
    "overload": (503, "OVERLOAD_LIMIT", "REST API is blocked due to overload"),
}
"""Status, code and description of the effects that are answers."""

BAD_GATEWAY_PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
"""What a portal's web server says when PHP is gone; clients have been seen to parse it as JSON."""


@dataclass(frozen=True)
class Fault:
    """One rule: what happens to which requests.

    ``method`` is a name or a pattern such as ``crm.*``, in any case. With ``command``, another such pattern,
    the rule is about commands of batches of that name instead of requests. Of the matching requests it spares
    the first ``after``; the others it hits with ``probability``, ``count`` times at most, during ``window``
    (seconds after the portal's start). "slow" takes ``factor`` times as long, and ``extra_ns`` more.
    Raises UsageError for what makes no sense.

    >>> Fault("503", "crm.lead.list", probability=0.1, count=5).effect
    '503'
    """

    effect: str
    method: str = "*"
    probability: float = 1.0
    count: int | None = None
    after: int = 0
    window: tuple[float, float] = FOREVER
    command: str = ""
    factor: float = 1.0
    extra_ns: int = 0

    def __post_init__(self) -> None:
        if self.effect not in EFFECTS:
            raise UnknownNameError("fault", self.effect, EFFECTS)
        if not 0 <= self.probability <= 1:
            raise UsageError(f"probability={self.probability!r}: give a share from 0 to 1")
        if self.count is not None and self.count < 1:
            raise UsageError(f"count={self.count!r}: give a number from 1, or None for no limit")
        if self.after < 0:
            raise UsageError(f"after={self.after!r}: give the number of requests to spare, 0 or more")
        if not self.window[0] < self.window[1]:
            raise UsageError(
                f"a window from {self.window[0]} s to {self.window[1]} s must end after it begins"
            )
        self._check_effect()

    def _check_effect(self) -> None:
        if self.command and self.effect not in ON_COMMANDS:
            raise UsageError(f"{self.effect!r} cannot happen to a command: only {', '.join(ON_COMMANDS)} can")
        if not (0 <= self.factor <= MAX_FACTOR and 0 <= self.extra_ns <= MAX_EXTRA_NS):
            raise UsageError(
                f"factor={self.factor}, extra_ns={self.extra_ns}: neither can be negative, and a factor of "
                f"{MAX_FACTOR:,} or a day more is the most"
            )
        changes = self.factor != 1 or self.extra_ns > 0
        if (self.effect == "slow") != changes:
            raise UsageError("a slow fault needs its factor or its extra time, and no other has them")

    def slowed_ns(self, cost_ns: int) -> int:
        """What a request that costs ``cost_ns`` costs with this fault."""
        return round(cost_ns * self.factor) + self.extra_ns


class Faults:
    """The rules of one portal and how often each has matched. Counts requests and commands from 1.

    ``arrived`` is the number of the request that arrived last.

    >>> faults = Faults([Fault("503", "crm.*", count=1), Fault("slow", factor=2)], seed=1)
    >>> [faults.of_request("crm.lead.get", 0.0).effect for _ in range(2)]
    ['503', 'slow']
    """

    def __init__(self, rules: Sequence[Fault] = (), seed: int = 1) -> None:
        self.arrived = 0
        self._seed = seed
        self._commands = 0
        self.replace(rules)

    def replace(self, rules: Sequence[Fault]) -> None:
        """Have other rules from now on; requests are counted on."""
        self.rules = tuple(rules)
        self.hits = [0] * len(self.rules)
        self._matched = [0] * len(self.rules)

    def of_request(self, method: str, after_start_s: float) -> Fault | None:
        """The fault of a request that arrives now, if it has one."""
        self.arrived += 1
        if not self.rules:
            return None
        return self._first("", method, self.arrived, after_start_s)

    def of_command(self, method: str, after_start_s: float) -> Fault | None:
        """The fault of a batch's next command, if it has one."""
        if not self.rules:
            return None
        self._commands += 1
        return self._first(method, "batch", self._commands, after_start_s)

    def _first(self, command: str, method: str, number: int, after_start_s: float) -> Fault | None:
        for index, rule in enumerate(self.rules):
            if bool(rule.command) != bool(command):
                continue
            wanted = rule.command or rule.method
            if not fnmatchcase((command or method).lower(), wanted.lower()):
                continue
            if rule.window[0] <= after_start_s < rule.window[1] and self._hits(index, rule, number):
                self.hits[index] += 1
                return rule
        return None

    def _hits(self, index: int, rule: Fault, number: int) -> bool:
        self._matched[index] += 1
        if self._matched[index] <= rule.after or (rule.count is not None and self.hits[index] >= rule.count):
            return False
        if rule.probability >= 1:
            return True
        what = "commands" if rule.command else "requests"
        return share_of(self._seed, f"portal/faults/{what}/{index}", number) < rule.probability
