"""Request bodies reduced to their shape: keys stay, values become ``?``.

RPC-like bodies keep what they call: JSON-RPC and GraphQL by their own fields, Bitrix24's ``batch`` by the
methods of its commands. Only the shape may be kept; values leave this module as hashes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from perfkit.fingerprints.values import hash_leaves

MAX_BODY_BYTES = 256 * 1024
"""Larger bodies are not parsed while recording; their template is ``(large)``."""


class Body(NamedTuple):
    """``template``: the shape; ``rpc``: what is called, if the body says so; ``batch``: how many calls it
    carries (0: not a batch); ``params``: path of each value to its hash.
    """  # noqa: D205

    template: str = ""
    rpc: str = ""
    batch: int = 0
    params: dict[str, str] = {}  # noqa: RUF012 - never changed


NO_BODY = Body()


def describe_body(body: object) -> Body:
    """Shape of a body given as JSON data, form fields, text or bytes; NO_BODY for anything else.

    >>> describe_body({"filter": {"OWNER_ID": 5}, "select": ["ID"]}).template
    '{filter:{OWNER_ID:?},select:[?]}'
    >>> describe_body({"jsonrpc": "2.0", "method": "user.get", "params": [7]})[:2]
    ('user.get{jsonrpc:?,method:?,params:[?]}', 'user.get')
    """
    data = _parsed(body)
    if data is None:
        return NO_BODY
    if isinstance(data, str):
        return Body(data)
    if (
        isinstance(data, list)
        and data
        and all(isinstance(item, Mapping) and "jsonrpc" in item for item in data)
    ):
        return _batch([str(item.get("method", "")) for item in data])
    if isinstance(data, Mapping):
        commands = data.get("cmd")
        if isinstance(commands, (Mapping, list)):
            values = commands.values() if isinstance(commands, Mapping) else commands
            return _batch([str(command).partition("?")[0] for command in values])
    rpc = _rpc(data)
    return Body(f"{rpc}{_shape(data)}", rpc, 0, hash_leaves(data))


def _batch(methods: list[str]) -> Body:
    names = ",".join(sorted(Counter(methods)))
    return Body(f"batch({names})", "batch", len(methods))


def _parsed(body: object) -> Any:
    """JSON data, a dict of form fields, "(large)", or None where there is nothing to describe."""
    if isinstance(body, (Mapping, list, tuple)):
        return body
    if isinstance(body, str):
        body = body.encode("utf-8", "replace")
    if not isinstance(body, (bytes, bytearray)) or not body:
        return None
    if len(body) > MAX_BODY_BYTES:
        return "(large)"
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = parse_qsl(body.decode("utf-8", "replace"))
        return dict(fields) or None


def _rpc(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    if "jsonrpc" in data:
        return str(data.get("method", ""))[:100]
    if isinstance(data.get("query"), str) and ("operationName" in data or "variables" in data):
        return str(data.get("operationName") or "query")[:100]
    return ""


def _shape(data: Any, depth: int = 0) -> str:
    if depth > 6:
        return "..."
    if isinstance(data, Mapping):
        inner = ",".join(f"{key}:{_shape(data[key], depth + 1)}" for key in sorted(data, key=str)[:40])
        return f"{{{inner}}}"
    if isinstance(data, (list, tuple)):
        inner = ",".join(sorted({_shape(item, depth + 1) for item in data}))
        return f"[{inner}]"
    return "?"
