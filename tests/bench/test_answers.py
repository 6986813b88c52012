from collections import namedtuple
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.answers import MAX_SHOWN_CHARACTERS, equal, shown
from perfkit.model import Frame


def test_order_of_sets_and_dicts_does_not_show():
    assert shown({"b": {2, 1}, "a": (0.5,)}) == "{'a': (0.5,), 'b': {1, 2}}"
    assert shown(set()) == "set()"
    assert shown([1, ()]) == "[1, ()]"


@given(st.dictionaries(st.text(max_size=3), st.integers()))
def test_equal_dicts_are_shown_alike(data):
    assert shown(data) == shown(dict(reversed(data.items())))


def test_what_is_called_a_secret_is_masked_also_where_the_text_is_cut():
    assert shown({"token": "zx1", "note": "Bearer zx2"}) == "{'note': 'Bearer ***', 'token': ***}"
    assert "zx" not in shown({"a": "b" * (MAX_SHOWN_CHARACTERS - 20), "password": "zx" * 5_000})


def test_order_does_not_show_in_fields_either():
    @dataclass
    class Point:
        tags: set

    Pair = namedtuple("Pair", "first second")
    assert shown(Point({2, 1})) == "Point(tags={1, 2})"
    assert shown(Pair({2, 1}, "x")) == "Pair(first={1, 2}, second='x')"
    assert shown(Frame("a.py", 1, "f")) == "Frame(file='a.py', line=1, function='f')"


def test_an_answer_that_holds_itself_is_cut():
    answer = []
    answer.append(answer)
    assert shown(answer).startswith("[[[")


def test_long_answers_are_cut():
    text = shown("x" * 1000)
    assert len(text) == MAX_SHOWN_CHARACTERS
    assert text.endswith("…")


def test_answers_are_compared_seed_by_seed():
    assert equal([1, {2: 3}], [1, {2: 3}])
    assert not equal([1], [1, 2])
    assert not equal([1, 2], [2, 1])
