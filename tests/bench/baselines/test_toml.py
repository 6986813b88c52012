import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.bench.baselines.toml import document, inline

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
VALUES = st.one_of(
    TEXT,
    NUMBERS,
    st.lists(NUMBERS, max_size=5),
    st.lists(TEXT, max_size=3),
    st.dictionaries(TEXT, NUMBERS).map(inline),
)


@given(st.dictionaries(TEXT, VALUES), TEXT, st.dictionaries(TEXT, VALUES))
def test_what_is_written_is_read_back(top, name, table):
    text = document([((), {f"top{key}": value for key, value in top.items()}), ((name, "inner"), table)])
    assert tomllib.loads(text) == {
        **{f"top{key}": value for key, value in top.items()},
        name: {"inner": table},
    }


def test_each_metric_is_a_line():
    text = document(
        [((), {"schema": 1}), (("entry", "a/b"), {"query SELECT ?": inline(n20=1, grows="1"), "depth": 3})]
    )
    assert text == ('schema = 1\n\n[entry."a/b"]\n"query SELECT ?" = { n20 = 1, grows = "1" }\ndepth = 3\n')


def test_a_lone_surrogate_does_not_make_the_file_unreadable():
    assert tomllib.loads(document([((), {"a": "x\udc80"})])) == {"a": "x?"}


@pytest.mark.parametrize("value", [1.5, True, None])
def test_values_that_are_not_exact_are_refused(value):
    with pytest.raises(TypeError, match=type(value).__name__):
        document([((), {"a": value})])
