"""Parameter values reduced to hashes, one per leaf of a nested structure: rules can tell which vary."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from perfkit.fingerprints.names import UNNAMED, kept_key

MAX_LEAVES = 24
"""Leaves beyond this are hashed together: enough to name what varies, small enough to keep."""

MAX_DEPTH = 20
"""What lies deeper is one leaf."""

REST = "(rest)"


def hash_value(value: object) -> str:
    """Sixteen hex digits, equal on every Python and for every hash seed.

    >>> hash_value(5) == hash_value("5") != hash_value(6)
    True
    """
    return blake2b(str(value).encode("utf-8", "replace"), digest_size=8).hexdigest()


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
        for key, value in data.items():
            name = kept_key(key)
            # a key that is no name may be what varies, so it counts as part of the value
            leaf = str((key, value)) if name == UNNAMED else value
            _collect(leaf, f"{path}.{name}" if path else name, hashed, rest, (*above, id(data)))
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
