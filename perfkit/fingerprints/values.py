"""Parameter values reduced to hashes: one for a query's, one per leaf for a request's nested structure.

A query's parameters are hashed in two halves, so that only the cheap one is paid while recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from perfkit.fingerprints.names import UNNAMED, kept_key

MAX_LEAVES = 24
"""Leaves beyond this are hashed together: enough to name what varies, small enough to keep."""

MAX_DEPTH = 20
"""What lies deeper is one leaf."""

REST = "(rest)"

MAX_ENCODED_BYTES = 64
"""Longer encodings of a query's parameters are replaced by a digest at once, since a recording keeps them."""

_SHORTENED = b"\xc1"
"""Starts what stands for a longer encoding; the one byte that MessagePack never writes."""

_NOTHING = frozenset({b"\xc0", b"\x80", b"\x90", b"\xa0"})
"""How None and an empty dict, list and text are encoded."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def hash_value(value: object) -> str:
    """Sixteen hex digits, equal on every Python and for every hash seed.

    >>> hash_value(5) == hash_value("5") != hash_value(6)
    True
    """
    return _hash_text(str(value))


@lru_cache(maxsize=4096)  # tokens, names and flags come again with each request, ids with the next few
def _hash_text(text: str) -> str:
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def encode_params(params: object) -> bytes:
    """A query's parameters in at most MAX_ENCODED_BYTES, for ``digest``; empty if there are none.

    Equal parameters give equal bytes on every Python and for every hash seed: a tuple as the list, a dict in
    any order. Objects count by what they show: a Mapping's items, a Sequence's entries, else their repr. It
    is empty, too, if an iterator is among them: what it will give cannot be known.
    """
    try:
        encoded = _encode(params)
    except Exception:
        encoded = _encode_refused(params)
    if 1 < len(encoded) <= MAX_ENCODED_BYTES:
        return encoded
    return b"" if encoded in _NOTHING else _shortened(encoded)


def digest(encoded: bytes) -> str:
    """Sixteen hex digits of what ``encode_params`` gave; empty for no parameters."""
    return blake2b(encoded, digest_size=8).hexdigest() if encoded else ""


class Each(NamedTuple):
    """The parameters one by one. ``hashes``: eight hex digits each, in the order of the statement's values
    where that is known (``in_order``); "" for a literal. ``longest``: the length of the longest list.
    """  # noqa: D205

    hashes: list[str]
    in_order: bool
    longest: int


def digest_each(encoded: bytes, marks: Sequence[str] = ()) -> Each | None:
    """The parameters that ``encode_params`` encoded one by one; None if they were too long, or no parameters.

    ``marks`` are the placeholders of the statement's values, in order.

    >>> digest_each(encode_params({"b": 5, "a": 6}), (":a", "", ":b")).in_order
    True
    """
    if not encoded or encoded[:1] == _SHORTENED:
        return None
    try:
        values = msgspec.msgpack.decode(encoded)
    except (msgspec.DecodeError, ValueError):
        return None
    if not isinstance(values, (dict, list)) or not values:
        return None
    entries = list(values.values()) if isinstance(values, dict) else values
    longest = max((len(entry) for entry in entries if isinstance(entry, list)), default=0)
    ordered = _in_order(values, marks)
    if ordered is None:
        names = sorted(values) if isinstance(values, dict) else range(len(values))
        return Each([_short(values[name]) for name in names], False, longest)
    return Each([_short(entry[0]) if entry else "" for entry in ordered], True, longest)


def _in_order(values: Any, marks: Sequence[str]) -> list[tuple[Any, ...]] | None:
    """For each mark its value, () for a literal; None if they do not fit together."""
    ordered: list[tuple[Any, ...]] = []
    place = 0
    try:
        for mark in marks:
            if not mark:
                ordered.append(())
            elif isinstance(values, dict):
                ordered.append((values[mark[2:-2] if mark.startswith("%(") else mark[1:]],))
            else:
                number = _NUMBER_OF_MARK.search(mark)
                ordered.append((values[int(number[1]) - 1 if number else place],))
                place += 1
    except (LookupError, ValueError):
        return None
    return ordered if ordered and place in (0, len(values)) else None


_NUMBER_OF_MARK = re.compile(r"^[?$:](\d+)$")
"""PostgreSQL's ``$2``, SQLite's ``?2``."""


def _short(value: object) -> str:
    return blake2b(_encode(value), digest_size=4).hexdigest()


def hash_params(params: object) -> str:
    """Sixteen hex digits of a query's parameters; empty if it has none.

    >>> hash_params((5, "a")) == hash_params([5, "a"]) != hash_params([5, "b"])
    True
    >>> hash_params(None) == hash_params({}) == ""
    True
    """
    return digest(encode_params(params))


class _UnknownError(Exception):
    """What an iterator will give is for its owner to take."""


def _encode_refused(params: object) -> bytes:
    """What msgspec refuses and drivers take: keys that are no text, large numbers, iterators."""
    try:
        return _encode_odd(params)
    except _UnknownError:
        return b""


def _shortened(encoded: bytes) -> bytes:
    if len(encoded) <= MAX_ENCODED_BYTES:
        return encoded
    return _SHORTENED + blake2b(encoded, digest_size=16).digest()


def _shown(value: Any) -> Any:
    """What stands for an object that msgspec does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence) and not isinstance(value, range):
        return list(value)
    if isinstance(value, Iterator):
        raise _UnknownError
    return _described(value)


def _described(value: Any) -> list[Any]:
    """Type and contents of an object: two that are equal give the same, wherever in memory they lie."""
    kind: Any = type(value)
    try:
        if _is_array(value):
            return [kind.__qualname__, memoryview(value).tobytes()]
        state = object.__getstate__(value) if kind.__repr__ is object.__repr__ else None
        return [kind.__qualname__, state or _ADDRESS.sub("", repr(value))]
    except Exception:
        return [kind.__qualname__]


def _is_array(value: Any) -> bool:
    """Whether ``value`` lets its bytes be read and has several: NumPy's repr leaves out the middle."""
    try:
        return memoryview(value).ndim > 0
    except TypeError:
        return False


_encode = msgspec.msgpack.Encoder(order="deterministic", enc_hook=_shown).encode


def _encode_odd(value: Any, above: tuple[int, ...] = ()) -> bytes:
    """What ``_encode`` refuses as a whole, part by part."""
    if id(value) in above or len(above) >= MAX_DEPTH:
        return b"..."
    below = (*above, id(value))
    if isinstance(value, Mapping):
        pairs = [_encode_odd(key, below) + _encode_odd(entry, below) for key, entry in value.items()]
        return b"{%d:%b}" % (len(pairs), b"".join(sorted(pairs)))
    if isinstance(value, (set, frozenset)):
        return b"<%d:%b>" % (len(value), b"".join(sorted(_encode_odd(entry, below) for entry in value)))
    if isinstance(value, (list, tuple)):
        return b"[%d:%b]" % (len(value), b"".join(_encode_odd(entry, below) for entry in value))
    try:
        return _encode(value)
    except _UnknownError:
        raise
    except Exception:
        if isinstance(value, str):
            return b"(%d:%b)" % (len(value), value.encode("utf-8", "surrogatepass"))
        return _encode_odd(_described(value), below)


def hash_leaves(data: object) -> dict[str, str]:
    """Path of each leaf to the hash of its value; a list's hash ends in ``*`` and its length.

    A list is one leaf, since IN lists and chunks vary as a whole.

    >>> sorted(hash_leaves({"filter": {"ID": [1, 2]}, "start": 0}))
    ['filter.ID', 'start']
    """
    hashed: dict[str, str] = {}
    rest: list[object] = []
    _collect(data, "", hashed, rest)
    if rest:
        hashed[REST] = hash_value(rest)
    return hashed


def _collect(
    data: object, path: str, hashed: dict[str, str], rest: list[object], above: tuple[int, ...] = ()
) -> None:
    if isinstance(data, dict) and id(data) not in above and len(above) < MAX_DEPTH:
        below = (*above, id(data))
        for key, value in data.items():
            name = kept_key(key)
            # a key that is no name may be what varies, so it counts as part of the value
            leaf = str((key, value)) if name == UNNAMED else value
            _collect(leaf, f"{path}.{name}" if path else name, hashed, rest, below)
    elif path in hashed or len(hashed) >= MAX_LEAVES:
        rest.append((path, data))
    elif isinstance(data, (list, tuple)):
        hashed[path] = f"{hash_value(list(data))}*{len(data)}"
    else:
        hashed[path] = hash_value(data)


def query_values(query: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """A URL's query or a form as data: what is asked for several times, or with commas, is a list.

    One comma makes a list only under a name for several: ``latlng=52.1,13.1`` is one value.

    >>> query_values([("ids", "1,2"), ("tag", "a"), ("tag", "b"), ("page", "3"), ("at", "52.1,13.1")])
    {'ids': ['1', '2'], 'tag': ['a', 'b'], 'page': '3', 'at': '52.1,13.1'}
    """
    values: dict[str, list[str]] = {}
    for key, value in query:
        values.setdefault(key, []).extend(_entries(key, value))
    return {key: found if len(found) > 1 else found[0] for key, found in values.items()}


def _entries(key: str, value: str) -> list[str]:
    entries = value.split(",")
    return entries if len(entries) >= 3 or _is_plural(key) else [value]


def _is_plural(key: str) -> bool:
    name = key.lower()
    if name.endswith(("[]", "[in]", "__in", ".in")):
        return True
    name = name.rstrip("]")
    return name.endswith("s") and not name.endswith("ss")
