"""JSON read piece by piece, however it is cut into chunks."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.ingest.cursor import Cursor, EndsEarlyError, NoJsonError, OddValueError


def over(text, size=1, **options):
    return Cursor((text[at : at + size] for at in range(0, len(text), size)), **options)


def walked(cursor):
    """The next value, stepped into as far as it goes."""
    first = cursor.peek()
    if first == "[":
        return [walked(cursor) for _ in cursor.elements()]
    if first == "{":
        return {key: walked(cursor) for key in cursor.fields()}
    return cursor.value()


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())
def test_any_value_is_read_whole_walked_and_skipped(value, size, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    cursor = over(f" {text}\n{text} {text} 7", size)
    as_it_is = json.loads(text.encode("utf-8", "replace").decode()) if not ascii_only else json.loads(text)
    if "\\ud" not in text:
        assert cursor.value() == as_it_is
        assert walked(cursor) == as_it_is
    else:
        cursor.skip()
        cursor.skip()
    cursor.skip()
    assert cursor.value() == 7
    assert cursor.peek() == ""
    assert cursor.passed == len(f" {text}\n{text} {text} 7")


def test_a_number_is_read_to_its_end():
    cursor = over("12 345", 1)
    assert (cursor.value(), cursor.value()) == (12, 345)


def test_lone_surrogates_are_replaced():
    assert over(json.dumps({"a\ud800": "\udfff"})).value() == {"a?": "?"}


def test_commas_at_the_end_are_taken():
    assert walked(over('{"a": [1, 2,],}')) == {"a": [1, 2]}


def test_raw_line_ends_in_texts_and_numbers_of_many_digits_are_taken():
    assert over('{"a": "b\nc"}').value() == {"a": "b\nc"}
    assert over(f"[{'9' * 5000}]").value() == [float("inf")]


@pytest.mark.parametrize(
    "text", ["", '"abc', "[1", '{"a"', '{"a": ', "tru", '{"a": 1', "-", '["\\', '"\\u12', "[1,"]
)
@pytest.mark.parametrize("read", [Cursor.value, Cursor.skip, walked])
def test_a_cut_value(text, read):
    if read is Cursor.skip and text in ("tru", "-"):
        return  # a word may end with the text
    with pytest.raises(EndsEarlyError):
        read(over(text))


@pytest.mark.parametrize(
    "text",
    [
        "}",
        "[1 2                 ]",
        '{"a" 1                 }',
        "{1: 2}                 ",
        "x" * 30,
        "{]" * 20,
    ],
)
@pytest.mark.parametrize("read", [Cursor.value, walked])
def test_what_is_no_json(text, read):
    with pytest.raises((NoJsonError, EndsEarlyError)):
        read(over(text, 1000))
    with pytest.raises(NoJsonError):
        read(over(f"{text}{' ' * 100}", 1000))


@pytest.mark.parametrize(
    "odd", ['"' + "x" * 5000 + '"', "[" * 3000 + "]" * 3000, '{"a": ["' + '\\"[' * 3000 + '"]}', "7" * 5000]
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_what_is_too_large_or_deep_is_stepped_over(odd, size):
    cursor = over(f"[{odd}, 5]", size, max_value=1000)
    found = []
    for _ in cursor.elements():
        try:
            found.append(cursor.value())
        except OddValueError as error:
            found.append(type(error))
    assert found == [OddValueError, 5]


def test_what_is_stepped_over_is_not_held():
    held = []

    def chunks():
        yield '["'
        for _ in range(1000):
            held.append(len(cursor._text))
            yield 'y\\"]' * 1000
        yield '", 3]'

    cursor = Cursor(chunks(), max_value=10_000)
    elements = cursor.elements()
    next(elements)
    with pytest.raises(OddValueError):
        cursor.value()
    next(elements)
    assert cursor.value() == 3
    assert max(held) < 40_000


def test_brackets_without_end_are_refused():
    with pytest.raises(NoJsonError, match="nested ten thousand deep"):
        over("[" * 50_000, 1000).skip()


@pytest.mark.parametrize("size", [1, 3, 100])
def test_seeking(size):
    import re

    cursor = over('{"a" broken}\n\n {"b": 1}\n{"b": 2}', size)
    assert cursor.peek() == "{"
    pattern = re.compile(r'\n\s?\{"b"')
    assert cursor.seek(pattern, 10)
    assert cursor.value() == {"b": 1}
    assert cursor.seek(pattern, 10)
    assert cursor.value() == {"b": 2}
    assert not cursor.seek(pattern, 10)
