"""Messages between a side and the controller: one JSON object a line, over a socket that was inherited."""

from __future__ import annotations

import json
import socket
from typing import Any


class ControllerGoneError(Exception):
    """The controller has closed its end: there is nobody to measure for."""


class Channel:
    """A side's end of the socket with the file descriptor ``number``."""

    def __init__(self, number: int) -> None:
        self._socket = socket.socket(fileno=number)
        self._buffer = b""

    def send(self, kind: str, **values: Any) -> None:
        """Send a message of that kind; a ControllerGoneError when nobody reads."""
        try:
            self._socket.sendall(json.dumps({"is": kind, **values}).encode() + b"\n")
        except OSError as error:
            raise ControllerGoneError from error

    def receive(self) -> dict[str, Any]:
        """Wait for the next message."""
        while b"\n" not in self._buffer:
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                raise ControllerGoneError from error
            if not data:
                raise ControllerGoneError
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """Close this process's end."""
        self._socket.close()
