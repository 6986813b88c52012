"""What a method hands back, and what the portal makes of it for a front."""

from __future__ import annotations

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
QUERY_LIMIT_EXCEEDED = (503, "QUERY_LIMIT_EXCEEDED", "Too many requests")
OPERATION_TIME_LIMIT = (429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit.")
NOT_FOUND = (400, "", "Not found")
ID_INVALID = (400, "", "ID is not defined or invalid.")
GATEWAY_TIMEOUT = (504, "", "Gateway Time-out")
GATEWAY_TIMEOUT_PAGE = (
    b"<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n"
    b"<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
"""What the web server in front of a portal answers when PHP takes too long. Assumed: the documentation only
says that a request of the cloud is interrupted after 60 seconds."""
BATCH_LENGTH_EXCEEDED = (400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
BATCH_METHOD_NOT_ALLOWED = (400, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")


class Answer(Struct):
    """What a method returned: its ``result`` and what it did to make it.

    ``rows`` were read and returned, ``counted`` were counted for ``total``. ``dropped`` names the filter keys
    that the method silently ignored; ``notes`` are remarks on the call, which no real portal makes.
    """

    result: Any
    rows: int = 0
    counted: int = 0
    total: int | None = None
    next: int | None = None
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class JournalRow(Struct, gc=False):
    """One HTTP request, or one command of a batch (``command`` is its name in the batch, else "").

    ``at_s`` is on the portal's clock; the commands of a batch follow the row of their request. What a front
    knows of a request it fills in: how long it waited for a worker, how many others were under way, bytes.
    ``params`` are only kept if the configuration says so (``journal_params``). The garbage collector need not
    look at rows: they hold no cycles, and a day has a hundred thousand.
    """

    at_s: float
    method: str
    status: int
    rows: int
    cost_ns: int
    dropped_filter_keys: tuple[str, ...] = ()
    command: str = ""
    error: str = ""
    client: str = ""
    notes: tuple[str, ...] = ()
    queued_ns: int = 0
    in_flight: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
    verb: str = ""
    params: Any = None


class Reply(Struct, frozen=True):
    """The portal's answer to one HTTP request; ``cost_ns`` is its modelled service time.

    ``dropped`` names the filter keys that were silently ignored, in any command of a batch, and ``notes`` the
    remarks on it. ``raw`` is sent instead of ``body`` where a portal answers with a page, as ``content_type``
    with ``headers`` more; ``cut`` says how the connection ends early: "reset" (before the answer),
    "cut" (in the middle of it), "drop" (never answered) or "" for not at all.
    ``row`` is the request's row in the journal.
    """

    status: int
    body: dict[str, Any]
    cost_ns: int
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    raw: bytes | None = None
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    cut: str = ""
    row: JournalRow | None = None
