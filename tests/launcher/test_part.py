from pathlib import PurePosixPath

import msgspec
import pytest

from perfkit.launcher.part import RECORD, read_part
from perfkit.launcher.spilling import SpillingRecord
from perfkit.tracing import enter, leave, span


class Unspeakable:
    def __repr__(self):
        raise RuntimeError


def holding_itself():
    value = []
    value.append(value)
    return value


@pytest.fixture
def recording(tmp_path):
    return SpillingRecord(tmp_path / "1-1.part")


def handed_over(recording, **attrs):
    with recording:
        with span("s", **attrs):
            pass
        recording.finish()
    (found,) = read_part(recording._path).trace.spans
    return found.attrs


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
def test_any_attribute_arrives(recording, value, arrives):
    # the second value makes sure that what JSON knows is left alone where something else is beside it
    assert handed_over(recording, value=value, beside=[1]) == {"value": arrives, "beside": [1]}


def test_a_value_that_holds_itself_arrives(recording):
    arrived = handed_over(recording, value=holding_itself())["value"]
    assert isinstance(arrived, list)


def test_odd_rows_and_parameters_arrive(recording):
    with recording:
        for params, rows in (
            ("0123456789abcdef", 3),
            ({"id": "x"}, None),
            ("short", "many"),
            ("g" * 16, 2**40),
        ):
            leave(enter("query", "q", {"params": params, "rows": rows}, None))
        recording.finish()
    found = [(s.attrs["params"], s.attrs["rows"]) for s in read_part(recording._path).trace.spans]
    assert found == [("0123456789abcdef", 3), ({"id": "x"}, None), ("short", "many"), ("g" * 16, 2**40)]


def test_undecodable_names_arrive(recording):
    with recording:
        with span("\udcff"), span(5):
            pass
        recording.finish()
    part = read_part(recording._path)
    assert [s.name for s in part.trace.spans] == ["?", "5"]
    assert part.complete
    assert part.computing_ns > 0


@pytest.mark.parametrize("data", [b"", b"\0\0\0", b"\0\0\0\2{}", b"\0\0\0\1\xc0"])
def test_what_is_no_part_says_so(tmp_path, data):
    path = tmp_path / "1-1.part"
    path.write_bytes(data)
    with pytest.raises((ValueError, msgspec.DecodeError)):
        read_part(path)


def test_a_part_is_readable_wherever_it_was_cut(recording, tmp_path):
    with recording:
        for number in range(3):
            with span(f"s{number}"):
                pass
            recording.spill()
        recording.finish()
    data, seen = recording._path.read_bytes(), set()
    for length in range(80, len(data)):
        (tmp_path / "cut").write_bytes(data[:length])
        part = read_part(tmp_path / "cut")
        names = [s.name for s in part.trace.spans]
        assert names == ["s0", "s1", "s2"][: len(names)]
        assert not part.complete
        seen.add(len(names))
    assert seen == {0, 1, 2, 3}


def test_a_record_is_no_larger_than_stated():
    assert RECORD.size <= 64
