"""What whoever runs the portal may ask of it over HTTP, below ``/_perfkit/``: no real portal has that.

    GET    /_perfkit/stats                 totals, settings, the clock
    GET    /_perfkit/journal[?since=N]     rows as JSON lines, each with its number
    GET    /_perfkit/faults                the rules and how often each has hit
    PUT    /_perfkit/faults                replace them: a JSON list of texts or of objects
    DELETE /_perfkit/faults                none any more
    POST   /_perfkit/reset[?seed=N]        data, limits, faults and journal anew
    POST   /_perfkit/clock                 {"advance_s": 600} or {"now_s": 1767225600}

Answers are JSON; a mistake is answered with 400 and ``{"error": ...}``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from perfkit.errors import PerfkitError, UnknownNameError, UsageError
from perfkit.worlds.bitrix24.desk import Sent
from perfkit.worlds.bitrix24.fault_text import fault_of
from perfkit.worlds.bitrix24.fields import iso

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.portal import Portal
    from perfkit.worlds.workers import WorkerPool

PREFIX = "/_perfkit/"

_JSON = "application/json"
_LINES = "application/x-ndjson"


class ShiftedClock:
    """Another clock, and so many seconds more.

    >>> clock = ShiftedClock(lambda: 100.0)
    >>> clock.shift_s += 600
    >>> clock()
    700.0
    """

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self.clock_s = clock_s
        self.shift_s = 0.0

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.clock_s() + self.shift_s


class Admin:
    """The control of one portal, whose clock it takes over: the portal begins anew.

    ``workers`` are those of the desk that it stands at, which sets them.
    """

    def __init__(self, portal: Portal) -> None:
        self.workers: WorkerPool | None = None
        self._portal = portal
        self._clock = ShiftedClock(portal.clock_s)
        portal.clock_s = self._clock
        portal.reset()  # what it is made of has been given its clock already
        self._actions: dict[tuple[str, str], Callable[[dict[str, str], bytes], Any]] = {
            ("GET", "stats"): self._stats,
            ("GET", "journal"): self._journal,
            ("GET", "faults"): self._faults,
            ("PUT", "faults"): self._put_faults,
            ("DELETE", "faults"): self._delete_faults,
            ("POST", "reset"): self._reset,
            ("POST", "clock"): self._set_clock,
        }

    def handle(self, verb: str, path: str, query: str, body: bytes) -> Sent:
        """The answer to a request for ``path``, which begins with PREFIX."""
        name = path.removeprefix(PREFIX).rstrip("/")
        action = self._actions.get((verb, name))
        if action is None:
            return self._no_such(verb, name)
        try:
            answer = action(dict(parse_qsl(query, keep_blank_values=True)), body)
        except (PerfkitError, msgspec.DecodeError, ValueError, RecursionError) as error:
            return _json(400, {"error": str(error)})
        return answer if isinstance(answer, Sent) else _json(200, answer)

    def _no_such(self, verb: str, name: str) -> Sent:
        verbs = [known for known, path in self._actions if path == name]
        if verbs:
            message = f"{PREFIX}{name} knows {', '.join(verbs)}, not {verb}"
            return _json(405, {"error": message}, Allow=", ".join(verbs))
        names = dict.fromkeys(path for _, path in self._actions)
        return _json(404, {"error": str(UnknownNameError("page of the admin API", name, names))})

    def _stats(self, _query: dict[str, str], _body: bytes) -> Any:
        portal, workers = self._portal, self.workers
        busy = {"busy": workers.busy, "waiting": workers.waiting} if workers else {}
        return {
            **portal.stats(),
            **busy,
            "journal_rows": len(portal.journal),
            "journal_dropped": portal.journal.dropped,
            "seed": portal.config.seed,
            "now": iso(int(portal.clock_s())),
            "clock_shift_s": self._clock.shift_s,
        }

    def _journal(self, query: dict[str, str], _body: bytes) -> Sent:
        since = _number(query, "since", 0)
        lines = [
            msgspec.json.encode({"number": number, **_shown(row)})
            for number, row in self._portal.journal.since(since)
        ]
        return Sent(200, _LINES, {}, b"".join(line + b"\n" for line in lines))

    def _faults(self, _query: dict[str, str], _body: bytes) -> Any:
        faults = self._portal.faults
        pairs = zip(faults.rules, faults.hits, strict=True)
        return [{**_plain(asdict(rule)), "hits": hits} for rule, hits in pairs]

    def _put_faults(self, query: dict[str, str], body: bytes) -> Any:
        given = msgspec.json.decode(body)
        if not isinstance(given, list):
            raise UsageError('send a JSON list of faults, such as ["503:crm.lead.*,p=0.1"]')
        self._portal.faults.replace([fault_of(each) for each in given])
        return self._faults(query, body)

    def _delete_faults(self, _query: dict[str, str], _body: bytes) -> Any:
        self._portal.faults.replace(())
        return []

    def _reset(self, query: dict[str, str], body: bytes) -> Any:
        self._portal.reset(_number(query, "seed", self._portal.config.seed))
        return self._stats(query, body)

    def _set_clock(self, query: dict[str, str], body: bytes) -> Any:
        given = msgspec.json.decode(body)
        known = {"advance_s", "now_s"}
        if not isinstance(given, dict) or len(given) != 1 or not known & set(given):
            raise UsageError('send {"advance_s": seconds} or {"now_s": seconds since 1970}')
        (name, value), *_ = given.items()
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not abs(value) < 1e11:
            raise UsageError(f"{name}={value!r}: give a number of seconds")
        ahead_s = value if name == "advance_s" else value - self._portal.clock_s()
        if ahead_s < 0:
            raise UsageError(f"{name}={value}: the clock cannot go back, since limits count on it")
        self._clock.shift_s += ahead_s
        return self._stats(query, body)


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    try:
        number = int(text)
    except ValueError:
        raise UsageError(f"{name}={text[:40]!r} is no whole number") from None
    if abs(number) >= 2**63:
        raise UsageError(f"{name}={text[:40]}: give a number of at most 18 digits")
    return number


def _shown(row: Any) -> dict[str, Any]:
    """A row without the parameters, which may be long and are the client's."""
    return {name: value for name, value in msgspec.structs.asdict(row).items() if name != "params"}


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    """With the open end of a window as JSON can tell it."""
    from_s, until_s = rule["window"]
    return {**rule, "window": [from_s, None if until_s == float("inf") else until_s]}


def _json(status: int, body: Any, **headers: str) -> Sent:
    return Sent(status, _JSON, headers, msgspec.json.encode(body) + b"\n")
