"""Request bodies reduced to their shape: keys that are names stay, values become ``?``.

RPC-like bodies keep what they call: JSON-RPC and GraphQL by their own fields, batches of them and Bitrix24's
``batch`` by what their parts call. Only the shape may be kept; values leave this module as hashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import msgspec

from perfkit.fingerprints.graphql import operation_in
from perfkit.fingerprints.names import is_dotted_method, is_key, is_method, kept_key
from perfkit.fingerprints.values import hash_leaves, query_values

MAX_BODY_BYTES = 256 * 1024
"""Larger bodies are not parsed while recording; their template is LARGE."""


LARGE = "(large)"

_PLAIN = frozenset({str, int, float, bool, type(None)})
_MAX_FLAT = 40

_PADDED = re.compile(r"[A-Za-z0-9+/_-]+={1,2}")
"""Base64 text ends like this, and so would a form of one empty field, which tells nothing anyway."""


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
    if data is LARGE:
        return Body(LARGE)
    methods = _batched(data)
    if methods:
        return Body(f"batch({','.join(sorted(set(methods)))})", "batch", len(methods))
    rpc = _rpc(data)
    return Body(f"{rpc}{_shape(data)}", rpc, 0, hash_leaves(data))


def _batched(data: Any) -> list[str]:
    """The methods a batch calls; empty if this is none, or if one of them does not look like a method."""
    if isinstance(data, list):
        methods = [_rpc(item) for item in data]
        return methods if all(methods) else []
    commands = data.get("cmd") if isinstance(data, Mapping) else None
    if not isinstance(commands, (Mapping, list)):
        return []
    values = commands.values() if isinstance(commands, Mapping) else commands
    methods = [str(command).partition("?")[0] for command in values]
    return methods if all(is_dotted_method(method) for method in methods) else []


def _parsed(body: object) -> Any:
    """JSON data, a dict of form fields, LARGE, or None where there is nothing to describe."""
    if isinstance(body, (Mapping, list, tuple)):
        return body
    if isinstance(body, str):
        body = body.encode("utf-8", "replace")
    if not isinstance(body, (bytes, bytearray)) or not body:
        return None
    if len(body) > MAX_BODY_BYTES:
        return LARGE
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _form(body.decode("utf-8", "replace"))


def _form(text: str) -> dict[str, str | list[str]] | None:
    """Form fields; None unless every part is ``key=value`` with a key that is a name."""
    parts = [part for part in text.strip().split("&") if part]
    if not all("=" in part for part in parts) or _PADDED.fullmatch(text.strip()):
        return None
    fields = parse_qsl(text.strip(), keep_blank_values=True)
    return query_values(fields) if fields and all(is_key(key) for key, _ in fields) else None


def _rpc(data: Any) -> str:
    if not isinstance(data, Mapping):
        return ""
    if "jsonrpc" in data:
        called = data.get("method")
        return str(called) if is_method(called) else ""
    return operation_in(data)


def _is_flat(data: dict[Any, Any]) -> bool:
    return _PLAIN.issuperset(map(type, data.values())) and {str}.issuperset(map(type, data))


@lru_cache(maxsize=512)
def _flat_shape(keys: tuple[str, ...]) -> str:
    """That of a dict with nothing but plain values: requests of one sort have the same keys."""
    return f"{{{','.join(f'{name}:?' for name in sorted({kept_key(key) for key in keys}))}}}"


def _shape(data: Any, above: tuple[int, ...] = ()) -> str:
    if len(above) > 6 or id(data) in above:
        return "..."
    if type(data) in _PLAIN:  # most are: a Mapping takes longer to rule out
        return "?"
    if type(data) is dict and len(data) <= _MAX_FLAT and len(above) < 6 and _is_flat(data):
        return _flat_shape(tuple(data))
    if isinstance(data, Mapping):
        below = (*above, id(data))
        inner = sorted({(kept_key(key), _shape(data[key], below)) for key in sorted(data, key=str)[:40]})
        return f"{{{','.join(f'{key}:{shape}' for key, shape in inner)}}}"
    if isinstance(data, (list, tuple)):
        below = (*above, id(data))
        return f"[{','.join(sorted({_shape(item, below) for item in data}))}]"
    return "?"
