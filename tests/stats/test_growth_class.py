import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.stats.growth_class import big_o, growth_class, is_worse_class

SIZES = st.lists(st.integers(1, 5000), min_size=2, max_size=6, unique=True)


@pytest.mark.parametrize(
    ("values", "growth"),
    [
        ({}, ""),
        ({100: 7}, ""),
        ({20: 0, 200: 0}, "1"),
        ({20: 3, 200: 3, 2000: 3}, "1"),
        ({20: 20, 200: 200}, "n"),
        ({20: 21, 200: 201}, "n+1"),
        ({20: 41, 200: 401, 2000: 4001}, "2*n+1"),
        ({20: 120, 200: 300}, "n^0.4"),  # a line, n + 100, as any two points lie on one
        ({20: 120, 200: 300, 2000: 2100}, "n+100"),
        ({20: 2, 200: 14}, "ceil(n/15)"),
        ({20: 1, 200: 4}, "ceil(n/50..66)"),
        ({20: 2, 200: 5, 2000: 41}, "ceil(n/50..51)+1"),
        ({20: 400, 200: 40000}, "n^2"),
        ({10: 45, 100: 4950}, "(n^2-n)/2"),
        ({10: 90, 100: 9900}, "n^2-n"),
        ({20: 404, 200: 4000}, "n^1.0"),
        ({20: 0, 200: 3}, "varies"),
        ({20: 3, 200: 9, 2000: 4}, "varies"),
        ({20: 30, 200: 3}, "n^-1.0"),
        (
            {20: 4_474_894_000, 200: 41_000_000_000},
            "n^1.0",
        ),  # no search that takes as long as the value is large
    ],
)
def test_the_class_is_what_the_values_show(values, growth):
    assert growth_class(values) == growth


@pytest.mark.parametrize(
    ("growth", "order"),
    [("", ""), ("1", "O(1)"), ("n", "O(n)"), ("7*n-3", "O(n)"), ("n^1.0", "O(n)"), ("n^1.3", "O(n^1.3)"),
     ("n^2", "O(n^2)"), ("(n^2-n)/2", "O(n^2)"), ("ceil(n/50)+1", "O(n/50)"), ("varies", "varies")],
)  # fmt: skip
def test_constants_do_not_matter_for_the_order(growth, order):
    assert big_o(growth) == order


def test_classes_are_ordered():
    ladder = ["1", "ceil(n/50)+1", "3*n+2", "n^1.5", "n^2", "n^2.6"]
    for low, better in enumerate(ladder):
        for high, worse in enumerate(ladder):
            assert is_worse_class(better, worse) == (low < high)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n", "2*n"),
        ("n^1.0", "n^1.2"),
        ("n", "n^1.2"),
        ("ceil(n/50)", "ceil(n/10)"),
        ("", "n^2"),
        ("n", ""),
    ],
)
def test_another_constant_or_no_evidence_is_no_worse_class(before, after):
    assert not is_worse_class(before, after)


@given(SIZES, st.integers(0, 10**9))
def test_what_does_not_grow_is_constant(sizes, value):
    assert growth_class(dict.fromkeys(sizes, value)) == "1"


@given(SIZES, st.integers(1, 100), st.integers(0, 50))
def test_a_line_is_never_given_another_factor(sizes, factor, constant):
    values = {size: factor * size + constant for size in sizes}
    found = growth_class(values)
    if found.startswith("n") or ("." not in found and "*n" in found):
        exact = f"{'' if factor == 1 else f'{factor}*'}n{f'+{constant}' if constant else ''}"
        assert found == exact or found.startswith("n^")


@given(SIZES, st.integers(2, 200), st.integers(0, 3))
def test_steps_give_a_width_that_fits_each_value(sizes, width, constant):
    values = {size: -(-size // width) + constant for size in sizes}
    found = growth_class(values)
    if found.startswith("ceil("):
        inner, _, rest = found.removeprefix("ceil(n/").partition(")")
        low, _, high = inner.partition("..")
        for fitting in (int(low), int(high or low)):
            assert {size: -(-size // fitting) + int(rest or 0) for size in sizes} == values
    else:
        assert found == "1" or not constant or len(set(values.values())) > 1


@given(st.dictionaries(st.integers(1, 10**6), st.integers(0, 10**15), max_size=6))
def test_any_values_have_a_class_and_an_order(values):
    assert bool(growth_class(values)) == (len(values) > 1)
    assert is_worse_class(growth_class(values), growth_class(values)) is False
    big_o(growth_class(values))
