"""The connector between the telephone exchange and the portal: commands, requests, answers, delays.

Whatever a strategy sends comes through ``Line``, so that all of them are counted alike.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import aiohttp
import msgspec
from _calls_day import Call, Event, calls_of, events_of

from perfkit.bench.strategies import retrying
from perfkit.worlds import Access

BATCH = 50
"""Commands in one batch request."""

TRIES = 1000
"""How often a refused request is sent again before its commands are given up; with pauses of up to 8 s that
is two hours."""

BLOCKED_PAUSE_S, LONGEST_PAUSE_S = 60.0, 600.0
"""A command whose method was blocked for the time it has worked (429) is sent again a minute later, then
after twice as long, up to the ten minutes over which the portal counts."""

JSON = {"Content-Type": "application/json"}
PREFIX = "telephony.externalcall."

Params = dict[str, str]
Answer = dict[str, int]


class RefusedError(Exception):
    """503: too many requests."""


class TimedOutError(Exception):
    """504: the portal ended the request; which of its commands were carried out is not known."""


class Command:
    """One thing the portal is to be told. It happened at ``due_ns``, and was told at ``answered_ns``."""

    __slots__ = ("answered_ns", "blocked", "call", "due_ns", "kind", "repeated", "turn")

    def __init__(self, call: Call, kind: str, turn: int, due_ns: int) -> None:
        self.call = call
        self.kind = kind
        self.turn = turn
        self.due_ns = due_ns
        self.answered_ns = 0
        self.blocked = 0
        self.repeated = False

    def params(self, call_id: str) -> Params:
        """What the portal is told, for the call that it knows as ``call_id``."""
        call, user = self.call, str(self.call.users[self.turn])
        match self.kind:
            case "register":
                return {
                    "USER_ID": user,
                    "PHONE_NUMBER": call.phone,
                    "TYPE": "2",
                    "EXTERNAL_CALL_ID": str(call.number),
                    "CRM_CREATE": "0",
                    "SHOW": "0",
                }
            case "show":
                return {"CALL_ID": call_id, "USER_ID": user}
            case "hide":
                leaves = self.turn if self.due_ns == call.ends_ns else self.turn - 1
                return {"CALL_ID": call_id, "USER_ID": str(call.users[leaves])}
            case "finish":
                seconds = (call.ends_ns - call.rings_ns) // 10**9
                return {"CALL_ID": call_id, "USER_ID": user, "DURATION": str(seconds), "STATUS_CODE": "200"}
            case _:
                return {"CALL_ID": call_id, "RECORD_URL": f"https://pbx.test/{call.number}.mp3"}


class Line:
    """The way to the portal, the day's commands as they become due, and the tally of what it answered.

    ``async for command in line`` gives each command when it is due, and ends when all are answered.
    """

    def __init__(self, session: aiohttp.ClientSession, world: Access, events: Sequence[Event]) -> None:
        self.commands = [
            Command(event.call, kind, event.turn, event.at_ns) for event in events for kind in event.kinds
        ]
        self.counts: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self._session = session
        self._url: str = world.facts["rest_url"]
        self._token: str = world.facts["access_token"]
        self.cards: list[Command] = []
        self._call_ids: dict[int, str] = {}
        self._blocked: dict[int, list[Command]] = {}
        self._to_come = self.commands[::-1]
        self._returned: deque[Command] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._failed: Exception | None = None
        self._left = len(self.commands)
        self._loop = asyncio.get_running_loop()
        self._day_began_s = self._loop.time()

    # What is due

    def now_ns(self) -> int:
        """Time of the day."""
        return round((self._loop.time() - self._day_began_s) * 1e9)

    async def __aiter__(self) -> AsyncIterator[Command]:
        while (command := await self._next()) is not None:
            yield command

    async def next_batch(self, most: int = BATCH) -> list[Command]:
        """What is due, up to ``most`` commands, as soon as there is one; none when all are answered."""
        command, batch = await self._next(), list[Command]()
        while command is not None:
            batch.append(command)
            command = self._next_due() if len(batch) < most else None
        return batch

    async def _next(self) -> Command | None:
        while self._left or self._failed:
            command = self._next_due()
            if command is not None:
                return command
            await self._pause()
        return None

    def _next_due(self) -> Command | None:
        if self._failed is not None:
            raise self._failed
        if self._returned:
            return self._returned.popleft()
        while self._to_come and self._to_come[-1].due_ns <= self.now_ns():
            command = self._to_come.pop()
            held = self._blocked.get(command.call.number)
            if held is None:
                return command
            held.append(command)
        return None

    async def _pause(self) -> None:
        """Until something is due, has come back, or everything is answered."""
        self._wake = self._loop.create_future()
        if self._to_come:
            due_s = self._day_began_s + self._to_come[-1].due_ns / 1e9
            timer = self._loop.call_at(due_s, self._go_on)
            await self._wake
            timer.cancel()
        else:
            await self._wake

    def _go_on(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _give_back(self, *commands: Command) -> None:
        self._returned += commands
        self._go_on()

    # Requests

    async def send(self, command: Command) -> None:
        """One request for one command."""
        call_id = self._call_ids.get(command.call.number, "")
        params = {"auth": self._token, **command.params(call_id)}
        answer = await self._told([command], PREFIX + command.kind, params)
        if answer is not None:
            self._note(command, answer.get("result"), answer.get("error"))

    async def send_batch(self, commands: Sequence[Command]) -> None:
        """One batch request. What a call needs of its ``register`` in the same batch it refers to."""
        registered = {c.call.number: n for n, c in enumerate(commands) if c.kind == "register"}
        lines = {f"c{n}": self._text(command, registered) for n, command in enumerate(commands)}
        answer = await self._told(commands, "batch", {"auth": self._token, "halt": 0, "cmd": lines})
        if answer is None:
            return
        results, errors = answer["result"]["result"], answer["result"]["result_error"]
        for n, command in enumerate(commands):
            error = errors[f"c{n}"]["error"] if f"c{n}" in errors else None
            self._note(command, results.get(f"c{n}") if results else None, error)

    def _text(self, command: Command, registered: dict[int, int]) -> str:
        number = command.call.number
        call_id = self._call_ids.get(number)
        if call_id is None and number in registered:
            call_id = f"$result[c{registered[number]}][CALL_ID]"
        # quoting them took a tenth of the day: nothing in them needs it
        query = "&".join([f"{name}={value}" for name, value in command.params(call_id or "").items()])
        return f"{PREFIX}{command.kind}?{query}"

    async def _told(self, commands: Sequence[Command], method: str, params: dict[str, Any]) -> Any:
        """The answer, or None when the commands were given up."""
        body = msgspec.json.encode(params)

        async def post() -> Any:
            self.counts["http_requests"] += 1
            async with self._session.post(self._url + method, data=body) as answer:
                if answer.status == 503:
                    self.counts["refused_503"] += 1
                    raise RefusedError
                if answer.status == 504:
                    self.counts["timeouts"] += 1
                    for command in commands:
                        command.repeated = True
                    raise TimedOutError
                return msgspec.json.decode(await answer.read())

        try:
            return await retrying(post, on=(RefusedError, TimedOutError), tries=TRIES)
        except (RefusedError, TimedOutError):
            for command in commands:
                self._settle(command, "given_up")
        return None

    @contextmanager
    def own_task(self) -> Iterator[None]:
        """What goes wrong inside this, in a task nobody waits for, is raised where commands are taken."""
        try:
            yield
        except Exception as error:
            self._failed = error
            self._go_on()

    # Answers

    def _note(self, command: Command, result: Any, error: str | None) -> None:
        held = self._blocked.get(command.call.number)
        if error == "OPERATION_TIME_LIMIT":
            self.counts["blocked_429"] += 1
            self.counts[f"blocked_{command.kind}"] += 1
            self._again(command)
        elif error is None and result is not False:
            if command.kind == "register":
                self._call_ids[command.call.number] = result["CALL_ID"]
            self._settle(command, command.kind)
        elif held is not None and held[0] is not command:  # it failed because one before it was blocked
            held.append(command)
        elif command.repeated and command.kind == "finish":  # the request that timed out had finished it
            self._settle(command, command.kind)
        else:
            self._settle(command, "not_found")

    def _again(self, command: Command) -> None:
        """Later, and what is due for its call meanwhile after it."""
        self._blocked.setdefault(command.call.number, [command])
        pause_s = min(BLOCKED_PAUSE_S * 2**command.blocked, LONGEST_PAUSE_S)
        command.blocked += 1
        self._loop.call_later(pause_s, self._give_back, command)

    def _settle(self, command: Command, how: str) -> None:
        command.answered_ns = self.now_ns()
        self.done[how] += 1
        if how == "show":
            self.cards.append(command)
        held = self._blocked.get(command.call.number)
        if held is not None and held[0] is command:
            self._give_back(*self._blocked.pop(command.call.number)[1:])
        self._left -= 1
        if not self._left:
            self._go_on()

    def answer(self) -> Answer:
        """What the portal has confirmed; the same for every right strategy."""
        kinds = ("register", "show", "hide", "finish", "attachrecord")
        return {kind: self.done[kind] for kind in kinds}


@asynccontextmanager
async def line(world: Access, size: int) -> AsyncIterator[Line]:
    """The day's line, with one session. Cookies and a timer for each request would be of no use."""
    events = events_of(calls_of(size, world.seed))
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        headers=JSON,
    ) as session:
        yield Line(session, world, events)
