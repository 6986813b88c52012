from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.worlds.bitrix24.xml import encode

pytestmark = pytest.mark.once


def text(body):
    return encode(body).decode().removeprefix('<?xml version="1.0" encoding="utf-8"?>')


def test_answers():
    assert text({"result": []}) == "<response><result></result></response>"
    assert text({"result": [{"ID": "1"}, {"ID": 2}]}) == (
        "<response><result><item><ID>1</ID></item><item><ID>2</ID></item></result></response>"
    )
    assert text({"result": {"A": None, "B": True, "C": False, "D": 1.5}}) == (
        "<response><result><A></A><B>1</B><C></C><D>1.5</D></result></response>"
    )
    assert text({"0": "a<b&c", ">ID": "d"}) == "<response><item>a&lt;b&amp;c</item><item>d</item></response>"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_it_is_always_xml(body):
    assert ET.fromstring(encode(body)).tag == "response"
