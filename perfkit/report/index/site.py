"""What a server of one folder answers: pure decisions, without a socket.

Only plain files of the folder itself can be named, only those that perfkit writes, and no links.
"""

from __future__ import annotations

import os
import stat
from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from perfkit.errors import PerfkitError
from perfkit.model.storage import decode_run
from perfkit.report.index.pages import INDEX, render_index
from perfkit.report.index.shelf import RUN_SUFFIXES, read_shelf

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json",
    ".json.gz": "application/gzip",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".md": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".csv": "text/plain; charset=utf-8",
    ".prom": "text/plain; charset=utf-8",
    ".xml": "application/xml",
    ".sarif": "application/json",
    ".otlp": "application/json",
    ".speedscope": "application/json",
    ".chrome": "application/json",
    ".codequality": "application/json",
}
"""What is served, by the end of its name."""

_PAGE_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from anywhere else. A report narrows this to its own styles and scripts by its meta element."""

_FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Server": "perfkit",
    "X-Content-Type-Options": "nosniff",
}

_KEPT_PAGES = 4
"""Reports made on demand that are kept, for they take a second each."""


@dataclass(frozen=True)
class Answer:
    """A status, what it is, and the bytes."""

    status: int
    content_type: str
    body: bytes

    @property
    def headers(self) -> dict[str, str]:
        """All that are sent beside the length."""
        is_page = self.content_type.startswith("text/html")
        policy = _PAGE_POLICY if is_page else _FILE_POLICY
        return {**HEADERS, "Content-Type": self.content_type, "Content-Security-Policy": policy}


class Site:
    """The answers for ``folder``. Not for several threads at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._pages: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    def answer(self, path: str) -> Answer:
        """For the decoded path of a request: the index, a file, or the report of a run that has none yet."""
        name = path.removeprefix("/")
        try:
            if name in ("", INDEX):
                return Answer(
                    200, TYPES[".html"], render_index(read_shelf(self.folder), served=True).encode()
                )
            if not is_served(name):
                return refused(404, "no such file here")
            body = read_plain(self.folder / name)
            if body is None and name.endswith(".html"):
                body = self._report(name.removesuffix(".html"))
        except PerfkitError as error:
            return refused(500, str(error).replace(str(self.folder), "the reports folder"))
        except Exception as error:  # a run that decodes, but contradicts itself, must not end in silence
            return refused(500, f"{name} cannot be shown: {type(error).__name__}")
        return refused(404, "no such file here") if body is None else Answer(200, content_type(name), body)

    def _report(self, run: str) -> bytes | None:
        """The page of that run, made now; None if there is no such run."""
        for suffix in RUN_SUFFIXES:
            path = self.folder / f"{run}{suffix}"
            data = read_plain(path)
            if data is None:
                continue
            status = path.lstat()
            key = (path.name, status.st_size, status.st_mtime_ns)
            if key not in self._pages:
                self._pages[key] = _rendered(data, path.name)
            self._pages.move_to_end(key)
            while len(self._pages) > _KEPT_PAGES:
                self._pages.popitem(last=False)
            return self._pages[key]
        return None


def _rendered(data: bytes, name: str) -> bytes:
    from perfkit.report import render

    return render(decode_run(data, source=name), "html")


def refused(status: int, why: str) -> Answer:
    """An answer that says in a line what was wrong."""
    return Answer(status, "text/plain; charset=utf-8", f"{why}\n".encode("utf-8", "replace"))


def is_served(name: str) -> bool:
    """Whether ``name`` can be a file of the folder that is shown: one part, not hidden, of a known ending.

    >>> is_served("a.html"), is_served("../a.html"), is_served(".perfkit-index.json"), is_served("a.py")
    (True, False, False, False)
    """
    forbidden = "/\\\0:" if os.name == "nt" else "/\0"
    return (
        not any(character in name for character in forbidden)
        and not name.startswith(".")
        and name.endswith(tuple(TYPES))
    )


def content_type(name: str) -> str:
    """By the end of its name.

    >>> content_type("a.json.gz"), content_type("a.gz.json")
    ('application/gzip', 'application/json')
    """
    return next(kind for suffix, kind in TYPES.items() if name.endswith(suffix))


def read_plain(path: Path) -> bytes | None:
    """The bytes of a plain file; None if it is anything else: a link, a folder, a pipe, or not there."""
    # opened without following a link, and looked at afterwards: so it cannot be exchanged in between
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    try:
        if path.is_symlink():
            return None
        descriptor = os.open(path, flags)
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect to ``host``.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_host(header: str) -> bool:
    """Whether a Host header names this machine's loopback; the port may be that of a tunnel.

    A page of another origin whose name was made to point here sends its own name.

    >>> is_own_host("localhost:9000"), is_own_host("[::1]:80"), is_own_host("evil.test"), is_own_host("")
    (True, True, False, False)
    """
    host, colon, port = header.rpartition(":") if not header.endswith("]") else (header, "", "")
    if not colon:
        host = header
    elif not port.isdecimal():
        return False
    return is_loopback(host.removeprefix("[").removesuffix("]").lower())
