import array
import collections
import datetime as dt
import decimal
import enum
import subprocess
import sys
import types
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.fingerprints.values import (
    MAX_ENCODED_BYTES,
    digest,
    digest_each,
    encode_params,
    hash_params,
)


class Colour(enum.Enum):
    RED = (1, object)


class Plain:
    def __init__(self, value):
        self.value = value


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


class Shown:
    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return f"Shown({self.value})"


class Broken:
    def __repr__(self):
        raise ValueError("no repr")


def holding_itself():
    data = [1]
    data.append(data)
    return data


MAKERS = {
    "scalar": lambda n: n,
    "text": lambda n: f"user {n}",
    "long text": lambda n: "x" * 1000 + str(n),
    "surrogate": lambda n: f"\ud800{n}",
    "bytes": lambda n: b"%d" % n,
    "bytearray": lambda n: bytearray(b"%d" % n),
    "memoryview": lambda n: memoryview(b"%d" % n),
    "memoryview with steps": lambda n: memoryview(b"%d_" % n)[::2],
    "array": lambda n: array.array("q", range(5000, 5000 + n)),
    "large number": lambda n: 2**70 + n,
    "float": lambda n: n / 7,
    "decimal": lambda n: decimal.Decimal(n) / 8,
    "date": lambda n: dt.date(2024, 1, n),
    "datetime": lambda n: dt.datetime(2024, 1, n, 12),
    "aware datetime": lambda n: dt.datetime(1, 1, 1, 0, n, tzinfo=dt.timezone.max),
    "timedelta": lambda n: dt.timedelta(n),
    "uuid": lambda n: uuid.UUID(int=n),
    "list": lambda n: [n, [n]],
    "keys of all types": lambda n: {1: n, "a": 2, None: 3, (1, 2): 4},
    "deep keys of all types": lambda n: {"a": [{1: n, "b": {2: n}}]},
    "set": lambda n: {n, "a", None},
    "set of texts": lambda n: {f"{n}{letter}" for letter in "abcdefgh"},
    "mapping": lambda n: types.MappingProxyType({"a": n}),
    "sequence": lambda n: collections.deque([1, n]),
    "range": lambda n: range(10**9, 10**9 + n),
    "object": Plain,
    "object of objects": lambda n: Plain([Plain(Slotted(n))]),
    "object with keys of all types": lambda n: Plain({1: n, "a": Plain(1)}),
    "slots": Slotted,
    "shown": Shown,
    "holding itself": lambda n: [n, holding_itself()],
    "class": lambda n: [int, str, dict][n % 3],
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_equal_parameters_hash_the_same_and_others_do_not(make):
    for wrap in (lambda value: (value,), lambda value: {"a": value}):
        one, same, other = (hash_params(wrap(make(n))) for n in (2, 2, 1))
        assert one == same != other
        assert len(one) == 16
        assert int(one, 16) >= 0


@pytest.mark.parametrize("value", [Broken(), Colour.RED, object(), print, holding_itself()])
def test_odd_objects_are_described(value):
    assert len(hash_params([value])) == 16
    assert encode_params([value]) == encode_params((value,))


@pytest.mark.parametrize("empty", [None, (), [], {}, "", types.MappingProxyType({}), collections.deque()])
def test_no_parameters(empty):
    assert encode_params(empty) == b""
    assert hash_params(empty) == digest(b"") == ""


@pytest.mark.parametrize("value", [0, False, b"", (None,), [[]], [""]])
def test_nothing_given_as_a_parameter_is_a_parameter(value):
    assert len(hash_params(value)) == 16


def test_generators_are_left_to_their_owner():
    numbers = iter([1, 2])
    for params in (numbers, [numbers], {"a": (n for n in numbers)}, {1: [2**70, numbers]}):
        assert hash_params(params) == ""
    assert list(numbers) == [1, 2]


def test_a_tuple_is_as_good_as_a_list_and_order_of_keys_does_not_matter():
    assert encode_params((5, ("a",))) == encode_params([5, ["a"]])
    assert encode_params({"a": 1, "b": 2}) == encode_params({"b": 2, "a": 1})
    assert encode_params({"a": 1, 2: 2}) == encode_params({2: 2, "a": 1})
    assert encode_params({"a": 1}) == encode_params(types.MappingProxyType({"a": 1}))
    assert encode_params((1, 2)) != encode_params((2, 1))
    assert encode_params((5,)) != encode_params(("5",))


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates()
params = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=10,
)


def reordered(value):
    """The same parameters as another driver would pass them."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return tuple(reordered(entry) for entry in value) if isinstance(value, list) else value


@given(params)
def test_what_is_kept_is_short_and_the_same_for_every_driver(value):
    encoded = encode_params(value)
    assert len(encoded) <= MAX_ENCODED_BYTES
    assert encoded == encode_params(reordered(value))
    assert hash_params(value) == digest(encoded)


PINNED = """
import datetime as dt, decimal, uuid
from perfkit.fingerprints.values import hash_params
at = dt.datetime(2024, 1, 31, 12, tzinfo=dt.timezone.utc)
params = [5, "a", None, True, 1.5, b"x", at, decimal.Decimal("1.50"), uuid.UUID(int=1), {"b": [2], "a": 1}]
print(hash_params((5,)), hash_params(params), hash_params({1: {"c", "b", "a"}, "x": {1, "a", None}}))
"""


@pytest.mark.parametrize("seed", ["0", "1"])
def test_hashes_are_the_same_everywhere(seed):
    printed = subprocess.run(
        [sys.executable, "-c", PINNED],
        env={"PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.split() == ["d1d650a98849330c", "cd75cd4ea585f1d7", "e8e939bc1e02e5a4"]


def test_each_parameter_by_itself():
    five, six = digest_each(encode_params((5,))).hashes, digest_each(encode_params((6,))).hashes
    assert five != six
    whole = digest_each(encode_params((5, 6)), ("?", "", "?"))
    assert whole == (["".join(five), "", "".join(six)], True, 0)
    assert digest_each(encode_params((6, 5)), ("$2", "", "$1")).hashes == whole.hashes
    assert digest_each(encode_params({"b": 6, "a": 5}), (":a", "", ":b")).hashes == whole.hashes
    assert digest_each(encode_params({"b": 6, "a": 5}), ("%(a)s", "", "%(b)s")).hashes == whole.hashes


def test_parameters_that_do_not_fit_the_placeholders_have_no_order():
    assert digest_each(encode_params((5, 6)), ("?",)).in_order is False
    assert digest_each(encode_params((5, 6)), ()).in_order is False
    assert digest_each(encode_params({"a": 5}), (":b",)).in_order is False
    assert digest_each(encode_params({"b": 6, "a": 5})).hashes == digest_each(encode_params((5, 6))).hashes


def test_the_longest_list_among_the_parameters():
    assert digest_each(encode_params(([1, 2, 3], 4))).longest == 3
    assert digest_each(encode_params((4,))).longest == 0


@pytest.mark.parametrize("params", [None, (), "text", "x" * 99, (["x" * 99],)])
def test_what_was_not_kept_is_not_told(params):
    assert digest_each(encode_params(params)) is None
