"""The controller's end of a side: messages with a time limit, and what became of the side."""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Callable
from typing import IO, Any

OUTPUT_TAIL = 2000
"""Characters of what a side printed that are shown when it fails."""


class SideLostError(Exception):
    """The side ended, hangs, or cannot measure the benchmark at hand."""


class Link:
    """One side's process, as the controller sees it. ``side`` is "base" or "head".

    ``failures`` are the benchmarks that it reported as impossible, with its words. ``over`` says why the side
    is no longer there, and ``hangs`` that it gave no answer in time; ``refused`` that it found nothing to
    compare, and ``usage`` that the command is wrong.
    """

    def __init__(self, side: str, end: socket.socket, output: IO[bytes], timeout_s: float) -> None:
        self.side = side
        self.output = output
        self.failures: dict[str, str] = {}
        self.over = ""
        self.refused = self.usage = self.unfit = self.hangs = False
        self._end = end
        self._timeout_s = timeout_s
        self._buffer = b""
        self._pending: dict[str, Any] | None = None
        self._selector = selectors.DefaultSelector()
        self._selector.register(end, selectors.EVENT_READ)

    def send(self, **message: Any) -> None:
        """Send an order; a side that is gone is noticed at the next answer."""
        try:
            self._end.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            return

    def offered(self) -> list[str] | None:
        """The benchmarks this side has; None when it came to nothing, and ``over`` says why."""
        try:
            message = self._answer()
        except SideLostError:
            return None
        if message["is"] == "offer":
            names: list[str] = message["names"]
            return names
        self._end_with(message)
        return None

    def reach(self, name: str, later: Callable[[str], bool]) -> bool:
        """Whether the side now waits to measure ``name``; False when it passed it by or is over."""
        while not self.over:
            message, self._pending = self._pending or self._next(), None
            if message["is"] == "failed":
                self.failures[message["name"]] = message["message"]
                if message["name"] == name:
                    return False
            elif message["is"] != "at":
                self._end_with(message)
            elif message["name"] == name:
                return True
            elif later(message["name"]):
                self._pending = message
                return False
            else:
                self.send(do="leave")
        return False

    def finish(self, patience_s: float) -> None:
        """Hear what a side still says, such as that a test failed after its measurement, until it ends."""
        self._timeout_s = min(self._timeout_s, patience_s)
        self.reach("", lambda _: False)

    def ask(self, name: str, **order: Any) -> dict[str, Any]:
        """The answer to an order about the benchmark being measured; SideLostError when there is none."""
        self.send(**order)
        message = self._answer()
        if message["is"] == "failed":
            self.failures[message["name"]] = message["message"]
            raise SideLostError(self.failures.get(name, ""))
        if message["is"] not in ("took", "loops", "pinned"):
            self._end_with(message)
            raise SideLostError(self.over)
        return message

    def printed(self) -> str:
        """The end of what the side printed."""
        self.output.flush()
        self.output.seek(0)
        return self.output.read().decode(errors="replace")[-OUTPUT_TAIL:].strip()

    def close(self) -> None:
        """Give up the connection: the side ends when it notices."""
        self._selector.close()
        self._end.close()
        self.output.close()

    def _next(self) -> dict[str, Any]:
        try:
            return self._answer()
        except SideLostError:
            return {"is": "lost"}

    def _end_with(self, message: dict[str, Any]) -> None:
        kind = message["is"]
        self.over = self.over or message.get("message", "") or "it ended"
        self.refused, self.usage = kind == "refused", message.get("usage", False)
        self.unfit = kind == "unfit"

    def _answer(self) -> dict[str, Any]:
        until = time.monotonic() + self._timeout_s
        while b"\n" not in self._buffer:
            if not self._selector.select(until - time.monotonic()):
                self.over, self.hangs = f"no answer for {self._timeout_s:g} s", True
                raise SideLostError(self.over)
            data = self._received()
            if not data:
                self.over = "its process died"
                raise SideLostError(self.over)
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def _received(self) -> bytes:
        try:
            return self._end.recv(65536)
        except OSError:
            return b""
