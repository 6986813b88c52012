from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.answers import MAX_SHOWN_CHARACTERS, equal, shown


def test_order_of_sets_and_dicts_does_not_show():
    assert shown({"b": {2, 1}, "a": (0.5,)}) == "{'a': (0.5,), 'b': {1, 2}}"
    assert shown(set()) == "set()"
    assert shown([1, ()]) == "[1, ()]"


@given(st.dictionaries(st.text(max_size=3), st.integers()))
def test_equal_dicts_are_shown_alike(data):
    assert shown(data) == shown(dict(reversed(data.items())))


def test_long_answers_are_cut():
    text = shown("x" * 1000)
    assert len(text) == MAX_SHOWN_CHARACTERS
    assert text.endswith("…")


def test_answers_are_compared_seed_by_seed():
    assert equal([1, {2: 3}], [1, {2: 3}])
    assert not equal([1], [1, 2])
    assert not equal([1, 2], [2, 1])
