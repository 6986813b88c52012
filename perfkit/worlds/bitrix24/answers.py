"""What a method hands back, and what the portal makes of it for a front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from msgspec import Struct


class ApiError(Exception):
    """A call the portal answers with an error: HTTP ``status`` and a body of ``code`` and ``description``."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code

    def body(self) -> dict[str, Any]:
        """The error as the portal encodes it."""
        return {"error": self.code, "error_description": str(self)}


METHOD_NOT_FOUND = (404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
INVALID_CREDENTIALS = (401, "INVALID_CREDENTIALS", "Invalid request credentials")
QUERY_LIMIT_EXCEEDED = (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
NOT_FOUND = (400, "", "Not found")
ID_INVALID = (400, "", "ID is not defined or invalid.")
BATCH_LENGTH_EXCEEDED = (400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
BATCH_METHOD_NOT_ALLOWED = (400, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")


@dataclass(slots=True)
class Answer:
    """What a method returned: its ``result`` and what it did to make it.

    ``rows`` were read and returned, ``counted`` were counted for ``total``. ``dropped`` names the filter keys
    that the method silently ignored.
    """

    result: Any
    rows: int = 0
    counted: int = 0
    total: int | None = None
    next: int | None = None
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """The portal's answer to one HTTP request; ``cost_ns`` is its modelled service time.

    ``dropped`` names the filter keys that were silently ignored, in any command of a batch.
    """

    status: int
    body: dict[str, Any]
    cost_ns: int
    dropped: tuple[str, ...] = ()


class JournalRow(Struct, frozen=True):
    """One HTTP request, or one command of a batch (``command`` is its name in the batch, else "").

    ``at_s`` is on the portal's clock; the commands of a batch follow the row of their request.
    """

    at_s: float
    method: str
    status: int
    rows: int
    cost_ns: int
    dropped_filter_keys: tuple[str, ...] = ()
    command: str = ""
    error: str = ""
