"""Answers written down as JSON lines, and given again.

A line is one request and its answer, without who asked: tokens are replaced wherever they stand. What was
recorded comes from the mock, so it holds nobody's data but what a client sent to it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

import msgspec

from perfkit.errors import WorldError
from perfkit.worlds.bitrix24.answers import ApiError, JournalRow, Reply
from perfkit.worlds.bitrix24.auth import Caller
from perfkit.worlds.bitrix24.books import Books
from perfkit.worlds.bitrix24.config import PortalConfig
from perfkit.worlds.bitrix24.engine import Engine
from perfkit.worlds.bitrix24.faults import Faults
from perfkit.worlds.bitrix24.methods import Store
from perfkit.worlds.bitrix24.portal import Portal
from perfkit.worlds.bitrix24.reading import Call

Key = tuple[str, bytes]
"""Method and parameters: what makes two requests the same."""

NOT_RECORDED = "PERFKIT_NOT_RECORDED"
"""The error that answers a request which was never recorded; no real portal has it."""

HIDDEN = "***"
"""Stands for a token."""

_AUTH = re.compile(r'((?:^|[?&"])auth=)[^&"]*')


class Recorded(msgspec.Struct, omit_defaults=True):
    """One line: a request, and what it was answered."""

    method: str
    params: Any
    status: int
    cost_ns: int
    body: Any = None
    page: str = ""
    content_type: str = "application/json; charset=utf-8"


class Recorder:
    """Writes what is answered to ``file``; who opened it closes it. ``lines`` counts."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.lines = 0

    def record(self, call: Call, reply: Reply) -> None:
        """Write one line; answers that were cut off or never given are left out."""
        if reply.cut:
            return
        page = "" if reply.raw is None else reply.raw.decode("utf-8", "replace")
        body = None if page else reply.body
        params = _params_text(call.params)
        line = Recorded(
            call.where.method.lower(),
            msgspec.Raw(params),
            reply.status,
            reply.cost_ns,
            body,
            page,
            reply.content_type,
        )
        data = msgspec.json.encode(line)
        if call.token:
            data = data.replace(call.token.encode(), HIDDEN.encode())
        self._file.write(data + b"\n")
        self._file.flush()
        self.lines += 1


class ReplayingPortal(Portal):
    """A portal that answers what was recorded, by method and parameters; limits and faults are its own.

    A request that was recorded several times gets its answers in their order, and then the last one again.
    One that never was gets 404 and NOT_RECORDED, with its name.
    """

    def __init__(self, config: PortalConfig, recorded: Iterable[Recorded], **options: Any) -> None:
        self._recorded: dict[Key, list[Recorded]] = defaultdict(list)
        for line in recorded:
            self._recorded[line.method, _params_text(line.params)].append(line)
        super().__init__(config, **options)

    def reset(self, seed: int | None = None) -> None:
        """Begin anew, with the first of each answer."""
        super().reset(seed)
        self._engine = _Replaying(
            self.config, self.clock_s, self.store, self.faults, self._books, self._recorded
        )


class _Replaying(Engine):
    """Carries nothing out."""

    def __init__(
        self,
        config: PortalConfig,
        clock_s: Callable[[], float],
        store: Store,
        faults: Faults,
        books: Books,
        recorded: Mapping[Key, list[Recorded]],
    ) -> None:
        super().__init__(config, clock_s, store, faults, books)
        self._recorded = recorded
        self._asked: Counter[Key] = Counter()

    def run(self, name: str, params: Mapping[str, Any], caller: Caller, client: str) -> Reply:
        now_s, key = self._clock_s(), (name, _params_text(params))
        try:
            if caller.refusal is not None:
                raise ApiError(*caller.refusal)
            line = self._next(key)
        except ApiError as error:
            row = self._books.error(now_s, name, self.config.base_ns, client, error)
            self._books.keep(row)
            return Reply(error.status, error.body(), self.config.base_ns, row=row)
        row = JournalRow(now_s, name, line.status, 0, line.cost_ns, client=client)
        self._books.keep(row)
        raw = line.page.encode() if line.page else None
        return Reply(line.status, line.body, line.cost_ns, raw=raw, content_type=line.content_type, row=row)

    def _next(self, key: Key) -> Recorded:
        lines = self._recorded.get(key)
        if not lines:
            asked = f"{key[0]} with {key[1].decode()[:500]}"
            raise ApiError(404, NOT_RECORDED, f"{asked} was not recorded; record it, or ask as it was asked")
        self._asked[key] += 1
        return lines[min(self._asked[key], len(lines)) - 1]


def read_recorded(lines: Iterable[bytes], source: str) -> list[Recorded]:
    """The lines of a file; ``source`` names it in errors. Raises WorldError for a line that is none.

    >>> read_recorded([b'{"method": "profile", "params": {}, "status": 200, "cost_ns": 0}'], "x")[0].method
    'profile'
    """
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            found.append(msgspec.json.decode(line, type=Recorded))
        except (msgspec.DecodeError, ValueError) as error:
            raise WorldError(f"{source}, line {number}, is no recorded answer: {error}") from None
    return found


def _params_text(params: Any) -> bytes:
    """Parameters as JSON with sorted keys, without tokens: what makes two requests the same."""
    if isinstance(params, dict) and "auth" in params:
        params = {name: value for name, value in params.items() if name != "auth"}
    text = msgspec.json.encode(params, order="sorted").decode()
    return _AUTH.sub(rf"\g<1>{HIDDEN}", text).encode()
