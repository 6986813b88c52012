"""PHP's rules that clients can see: query strings as nested arrays, arrays as JSON, and casts.

An array is a list or a dict with text keys here, whatever a request held. Knows nothing of the portal.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_plus

_INT = re.compile(r"\s*([+-]?[0-9]{1,25})")
_FLOAT = re.compile(r"\s*([+-]?(?:[0-9]{1,25}(?:\.[0-9]{0,25})?|\.[0-9]{1,25}))")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,17}")
_INT_MAX = 2**63 - 1

MAX_NESTING = 64
"""Levels of arrays that the name of a form field may open; deeper fields are ignored (max_input_nesting_level
of PHP, whose default this is)."""

MAX_JSON_DEPTH = 512
"""Levels of a JSON document; a deeper one counts as none (the default of PHP's json_decode)."""


class PhpArray(dict[str, Any]):
    """An array built from the names of form fields: ``a[b][]=1`` puts "1" into an array in an array.

    >>> array = PhpArray()
    >>> array.insert("filter[>ID]", "1"), array.insert("select[]", "ID")
    (None, None)
    >>> array
    {'filter': {'>ID': '1'}, 'select': {'0': 'ID'}}
    """

    __slots__ = ("_next",)

    def __init__(self) -> None:
        super().__init__()
        self._next: int | None = 0

    def put(self, key: str, value: Any) -> None:
        """Set ``key``, or append when it is empty."""
        if key:
            self._next = None  # found again when something is appended, which is rare after a key
        else:
            number = self._behind_numbers() if self._next is None else self._next
            key, self._next = str(number), number + 1
        self[key] = value

    def _behind_numbers(self) -> int:
        numbers = [int(key) for key in self if _NUMBER.fullmatch(key)]
        return max(numbers, default=-1) + 1

    def insert(self, name: str, value: Any) -> None:
        """Set what the field name ``name`` addresses, with the arrays on its way; too deep a name is none."""
        head, path = _split_name(name)
        if len(path) > MAX_NESTING:
            return
        here = self
        for step in path:
            here = here._child(head)
            head = step
        here.put(head, value)

    def _child(self, key: str) -> PhpArray:
        child = self.get(key) if key else None
        if not isinstance(child, PhpArray):
            child = PhpArray()
            self.put(key, child)
        return child


@lru_cache(maxsize=16_384)  # the commands of a batch repeat the same few thousand names
def _split_name(name: str) -> tuple[str, tuple[str, ...]]:
    """``a[b][]`` as ("a", ("b", "")). A bracket never closed belongs to the name, as an underscore."""
    name = name.lstrip(" ")
    head, bracket, rest = name.partition("[")
    if not head or "]" not in rest:
        return _plain(name), ()
    path: list[str] = []
    while bracket == "[" and "]" in rest and len(path) <= MAX_NESTING:
        step, _, rest = rest.partition("]")
        path.append(step)
        bracket, rest = rest[:1], rest[1:]
    return _plain(head), tuple(path)


def _plain(name: str) -> str:
    return re.sub(r"[ .\[]", "_", name)


def query_pairs(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a query string, decoded, in order."""
    for piece in text.split("&"):
        name, _, value = piece.partition("=")
        if name:
            yield decode(name), decode(value)


def decode(text: str) -> str:
    """A name or value without its percent encoding."""
    return unquote_plus(text) if "%" in text or "+" in text else text


def parse_query(text: str) -> PhpArray:
    """A query string or form body as PHP reads it.

    >>> parse_query("order%5BID%5D=ASC&select[]=ID&select[]=TITLE")
    {'order': {'ID': 'ASC'}, 'select': {'0': 'ID', '1': 'TITLE'}}
    """
    return from_pairs(query_pairs(text))


def from_pairs(pairs: Iterable[tuple[str, Any]]) -> PhpArray:
    """Form fields as one array."""
    array = PhpArray()
    for name, value in pairs:
        array.insert(name, value)
    return array


def build_query(params: Mapping[str, Any]) -> str:
    """The opposite of ``parse_query``, for text, numbers, lists and dicts. Empty arrays vanish.

    >>> build_query({"filter": {">ID": 5}, "select": ["ID"]})
    'filter[%3EID]=5&select[0]=ID'
    """
    return "&".join(_fields(params, ""))


def _fields(array: Any, prefix: str) -> Iterator[str]:
    for key, value in items(array):
        name = f"{prefix}[{quote(key, safe='')}]" if prefix else quote(key, safe="")
        if is_array(value):
            yield from _fields(value, name)
        else:
            yield f"{name}={quote(to_text(value), safe='')}"


def is_array(value: Any) -> bool:
    """Whether PHP would see an array."""
    return isinstance(value, (list, tuple, dict))


def items(array: Any) -> list[tuple[str, Any]]:
    """Keys (as text) and values of an array; none of anything else."""
    if isinstance(array, (dict, Mapping)):  # dict first: an abstract class takes longer to ask
        return [(str(key), value) for key, value in array.items()]
    if isinstance(array, (list, tuple)):
        return [(str(key), value) for key, value in enumerate(array)]
    return []


def values(array: Any) -> list[Any]:
    """The values of an array; none of anything else."""
    return [value for _, value in items(array)]


def deeper_than(depth: int, value: Any) -> bool:
    """Whether ``value`` holds arrays in more than ``depth`` levels; without recursion, as deep as it may be.

    >>> deeper_than(2, [[1], {"a": 2}]), deeper_than(2, [{"a": [3]}])
    (False, True)
    """
    level = [value] if is_array(value) else []
    for _ in range(depth):
        level = [inner for one in level for inner in values(one) if is_array(inner)]
    return bool(level)


def as_json(array: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """``array`` as PHP encodes it: keys 0, 1, 2 ... in order, or no keys at all, make a JSON list.

    >>> as_json({"0": "a", "1": "b"}), as_json({"0": "a", "2": "b"}), as_json({})
    (['a', 'b'], {'0': 'a', '2': 'b'}, [])
    """
    if all(key == str(index) for index, key in enumerate(array)):
        return list(array.values())
    return array


def to_text(value: Any) -> str:
    """A cast to string."""
    if isinstance(value, str):
        return value
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, int):
        return str(to_int(value))
    return "Array" if is_array(value) else str(value)


def to_int(value: Any) -> int:
    """A cast to int: leading digits of text, 1 for an array that is not empty.

    >>> to_int("12 apples"), to_int("apples"), to_int(["a"]), to_int(None)
    (12, 0, 1, 0)
    """
    if isinstance(value, int):
        number = int(value)
    elif isinstance(value, float):
        number = int(value) if math.isfinite(value) else 0
    elif isinstance(value, str):
        found = _INT.match(value)
        number = int(found[1]) if found else 0
    else:
        number = 1 if value else 0
    return max(-_INT_MAX, min(number, _INT_MAX))


def to_float(value: Any) -> float:
    """A cast to float, by the same rules (without exponents)."""
    if isinstance(value, float) and math.isfinite(value):
        return value
    if not isinstance(value, str):
        return float(to_int(value))
    found = _FLOAT.match(value)
    return float(found[1]) if found else 0.0
