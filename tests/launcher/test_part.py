from pathlib import PurePosixPath

import pytest

from perfkit.launcher.part import Part, decode
from perfkit.model import Frame, Span, Trace, unpack
from perfkit.model.plain import encode


class Unspeakable:
    def __repr__(self):
        raise RuntimeError


def holding_itself():
    value = []
    value.append(value)
    return value


def handed_over(**attrs):
    trace = Trace("wall", 0, 9, [Span(1, None, "span", "s", 0, 9, attrs=attrs)])
    (span,) = unpack(decode(encode(Part.of(trace, 5))).trace).spans
    return span.attrs


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        ([1, 2.5, None, True, "a"], [1, 2.5, None, True, "a"]),
        (PurePosixPath("/a"), "PurePosixPath('/a')"),
        ("a\udcff", "a?"),
        ({("a", 1): PurePosixPath("/a")}, {"('a', 1)": "PurePosixPath('/a')"}),
        (Unspeakable(), "<Unspeakable>"),
    ],
)
def test_any_attribute_arrives(value, arrives):
    # the second value makes sure that what JSON knows is left alone where something else is beside it
    assert handed_over(value=value, beside=[1]) == {"value": arrives, "beside": [1]}


def test_a_value_that_holds_itself_arrives():
    arrived = handed_over(value=holding_itself())["value"]
    assert isinstance(arrived, list)


def test_undecodable_names_and_files_arrive():
    frame = Frame("\udcff.py", 1, "f")
    trace = Trace(
        "wall", 0, 9, [Span(1, None, "span", "\udcff", 0, 9, frame, (frame,)), Span(2, None, "span", 5, 1, 2)]
    )
    part = decode(encode(Part.of(trace, 5)))
    first, second = unpack(part.trace).spans
    assert (first.name, first.site.file, second.name) == ("?", "?.py", "5")
    assert part.computing_ns == 5
