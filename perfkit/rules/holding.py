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

HANDED_OVER = frozenset({"create_task", "ensure_future", "gather", "run_in_executor", "submit", "to_thread"})
"""Calls that only hand work over: where one takes long, what it started has the interpreter lock."""

_SETTING_UP = (
    "importlib.",
    "_frozen_importlib",
    "zipimport.",
    "ssl.SSLContext.",
    "ssl.create_default_context",
)
_WAITING_FOR_OTHERS = ("asyncio.", "concurrent.", "multiprocessing.")
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
    for node in ast.walk(source.tree) if source is not None else ():
        if isinstance(node, ast.ImportFrom) and any(name == (a.asname or a.name) for a in node.names):
            return str(node.module).partition(".")[0]
        if isinstance(node, ast.Import) and any(name.partition(".")[0] == a.asname for a in node.names):
            return node.names[0].name.partition(".")[0]
    return ""


def shows_work(span: Span) -> bool:
    """Whether a blocked span shows what the application does to its loop, and where."""
    call, inside = str(span.attrs.get("call", "")), str(span.attrs.get("inside", ""))
    if not span.path or inside.startswith(_SETTING_UP):
        return False
    if is_computing(span):
        return True
    if call.rpartition(".")[2] in HANDED_OVER or inside.startswith(_WAITING_FOR_OTHERS):
        return False
    return bool(call or inside)


def is_computing(span: Span) -> bool:
    """Whether the thread used the processor for at least half of the time, as far as that is known."""
    return span.cpu_ns < 0 or 2 * span.cpu_ns >= span.duration_ns


def may_be_setup(span: Span) -> bool:
    """Whether what a blocked span shows may be a library setting itself up, if it happens once."""
    package = str(span.attrs.get("inside", "")).partition(".")[0]
    if not package or package in sys.stdlib_module_names:
        return False
    return span.duration_ns < SETUP_FACTOR * int(span.attrs.get("threshold_ns", 0))
