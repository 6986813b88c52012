"""What kept an event loop's thread busy: calls of synchronous libraries in a task, and steps that were long.

A span of kind "blocked" says that a step did, and shows the line that was running at one moment of it. What
it shows is told apart here from what merely happens to a loop: imports and other work that is done once, a
processor that others have, an interpreter lock that another thread holds.
"""

from __future__ import annotations

import ast
import sys

from perfkit.model import Frame, Span
from perfkit.rules.view import View

SYNCHRONOUS = frozenset({"django", "requests", "sqlite3", "urllib3"})
"""Libraries without an asynchronous half; spans of others say ``blocking`` where theirs was not used."""

SLEEP = "time.sleep"
"""Name of the span of one."""

SETUP_FACTOR = 4
"""A library may hold the loop up once, for so many thresholds: it sets itself up when it is first used."""

WAITING_PART = 10
"""What waits uses less than such a part of its time for computing; what uses more, on a busy machine, may be
computing that others interrupted."""

STALL_FACTOR = 2
"""A thread that does not compute may, once, have been without a processor for so many thresholds."""

HANDED_OVER = frozenset({"create_task", "ensure_future", "gather", "run_in_executor", "submit", "to_thread"})
"""Calls that only hand work over: where one takes long, what it started has the interpreter lock."""

_SETTING_UP = (
    "importlib.",
    "_frozen_importlib",
    "zipimport.",
    "ssl.SSLContext.",
    "ssl.create_default_context",
)
_WAITING = frozenset(
    {"ftplib", "http", "imaplib", "poplib", "queue", "select", "selectors", "smtplib", "socket", "ssl"}
    | {"subprocess", "threading", "urllib"}
)
"""Modules of the standard library that wait for other machines, processes or threads."""

_FILES = frozenset(
    {"dbm", "gzip", "io", "logging", "os", "pathlib", "shelve", "shutil", "tarfile", "tempfile", "zipfile"}
)
"""Those that may wait for files."""

_MODULE = "<module>"

_JSON_MODULES = frozenset({"json", "msgspec", "orjson", "rapidjson", "simplejson", "ujson"})
_JSON_CALLS = frozenset(
    {"json", "jsonify", "model_dump_json", "model_validate_json", "dump_json", "validate_json"}
    | {"read_json", "to_json", "from_json"}
)
"""Methods that make or read JSON, of responses, pydantic's models, pandas and others."""


def line(view: View, span: Span) -> Frame | None:
    """The innermost line of a coroutine: there what holds the loop up can be awaited instead.

    Where the source shows none, the innermost line of all.
    """
    frame = next((frame for frame in span.path if _is_async(view, frame)), None)
    return frame or next((f for f in span.path if not view.sources.is_wrapper(f)), span.site)


def is_on_loop(view: View, span: Span) -> bool:
    """Whether the call was made for a task, and not by a cell of a notebook, which runs in one as well."""
    if not span.task:
        return False
    return not span.path or span.path[-1].function != _MODULE or any(_is_async(view, f) for f in span.path)


def _is_async(view: View, frame: Frame) -> bool:
    source = view.sources.of(frame)
    return source is not None and isinstance(source.function(frame), ast.AsyncFunctionDef)


def is_json(view: View, span: Span) -> bool:
    """Whether a blocked span shows JSON being read or made."""
    call, inside = str(span.attrs.get("call", "")), str(span.attrs.get("inside", ""))
    module, _, method = call.rpartition(".")
    names = {inside.partition(".")[0], module.partition(".")[0]}
    if names & _JSON_MODULES or method in _JSON_CALLS:
        return True
    return _imported_from(view, span, call) in _JSON_MODULES


def _imported_from(view: View, span: Span, name: str) -> str:
    """The package that a name of the line's file was imported from; "" if it was not, or that is unknown."""
    source = view.sources.of(span.path[0]) if span.path and name else None
    if source is None:
        return ""
    return source.imports.get(name) or source.imports.get(f"{name.partition('.')[0]}.", "")


def own_ns(span: Span) -> int:
    """How long a blocked span held the loop by itself, without what others took of its processor."""
    return max(span.duration_ns - int(span.attrs.get("delayed_ns", 0)), span.cpu_ns)


def is_long(span: Span) -> bool:
    """Whether a blocked span would have been one on a machine that has nothing else to do."""
    return own_ns(span) >= int(span.attrs.get("threshold_ns", 0))


def shows_work(span: Span) -> bool:
    """Whether a blocked span shows what the application does to its loop, and where."""
    call, inside = str(span.attrs.get("call", "")), str(span.attrs.get("inside", ""))
    if not span.path or not is_long(span):
        return False
    if inside.startswith(_SETTING_UP) or _MODULE in (span.path[0].function, inside[-8:]):
        return False
    if is_computing(span):
        return True
    if call.rpartition(".")[2] in HANDED_OVER:
        return False
    package = inside.partition(".")[0]
    if package in _WAITING:
        return True
    if span.cpu_ns * WAITING_PART > span.duration_ns:
        return False
    return package in _FILES or _is_foreign(package) if inside else bool(call)


def is_computing(span: Span) -> bool:
    """Whether the thread used the processor: beyond the threshold, or half of the time; or nobody knows."""
    if span.cpu_ns < 0:
        return True
    return span.cpu_ns >= min(span.duration_ns // 2, int(span.attrs.get("threshold_ns", span.duration_ns)))


def is_doubtful(span: Span) -> bool:
    """Whether what a blocked span shows may have other reasons, if it happens once."""
    package = str(span.attrs.get("inside", "")).partition(".")[0]
    threshold_ns = int(span.attrs.get("threshold_ns", 0))
    computing = is_computing(span)
    if _is_foreign(package):
        own_ns = span.cpu_ns if computing and span.cpu_ns >= 0 else span.duration_ns
        return own_ns < SETUP_FACTOR * threshold_ns
    return not package and not computing and span.duration_ns < STALL_FACTOR * threshold_ns


def _is_foreign(package: str) -> bool:
    return bool(package) and package not in sys.stdlib_module_names
