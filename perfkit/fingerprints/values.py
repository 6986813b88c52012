"""Parameter values reduced to hashes, one per leaf of a nested structure: rules can tell which vary."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

MAX_LEAVES = 24
"""Leaves beyond this are hashed together: enough to name what varies, small enough to keep."""

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


def _collect(data: object, path: str, hashed: dict[str, str], rest: list[object]) -> None:
    if isinstance(data, dict):
        for key, value in data.items():
            _collect(value, f"{path}.{key}" if path else str(key), hashed, rest)
    elif path in hashed or len(hashed) >= MAX_LEAVES:
        rest.append((path, data))
    elif isinstance(data, (list, tuple)):
        hashed[path] = f"{hash_value(list(data))}*{len(data)}"
    else:
        hashed[path] = hash_value(data)


def query_values(query: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """A URL's query as data: what is asked for several times, or with commas, is a list.

    >>> query_values([("ids", "1,2"), ("tag", "a"), ("tag", "b"), ("page", "3")])
    {'ids': ['1', '2'], 'tag': ['a', 'b'], 'page': '3'}
    """
    values: dict[str, list[str]] = {}
    for key, value in query:
        values.setdefault(key, []).extend(value.split(","))
    return {key: found if len(found) > 1 else found[0] for key, found in values.items()}
