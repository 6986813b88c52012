"""Flame graphs as data: what is drawn, where it lies, what is left out and said to be."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Frame
from perfkit.model.profile import AWAITING, SMALL, CallTree, Profile
from perfkit.report.view import flame
from perfkit.report.view.profiles import table

MS = 1_000_000
MAIN, PARSE, LOADS = Frame("app.py", 9, "main"), Frame("app.py", 4, "parse"), Frame("json", 0, "loads")


def profile(kind="cpu", **columns):
    return Profile(kind, "work", tool="tool 1.0", tree=CallTree(**columns))


def small():
    return profile(
        frames=[MAIN, PARSE, LOADS, AWAITING],
        application=[True, True, False, False],
        parent=[-1, 0, 1, 0],
        frame=[0, 1, 2, 3],
        value=[10 * MS, 0, 40 * MS, 50 * MS],
    )


def test_callers_above_the_costliest_first_waiting_last():
    shown = flame.flame(small())
    assert [(f.depth, f.start, f.width, f.name, f.kind) for f in shown.frames] == [
        (0, 0, 100, "main", "application"),
        (1, 0, 40, "parse", "application"),
        (2, 0, 40, "loads", "library"),
        (1, 40, 50, "[await]", "awaiting"),
    ]
    assert shown.frames[0].figures == "100 ms, 100.0 %, 10.0 ms of it its own"
    assert (shown.frames[2].place, shown.frames[2].figures) == ("json", "40.0 ms, 40.0 %")
    assert shown.rows == 3
    assert shown.title == "Flame graph"
    assert "100 ms in all" in shown.caption
    assert "hatched: awaiting" in shown.caption
    assert "left out" not in shown.caption


def test_memory_is_counted_in_bytes():
    held = profile("memory", frames=[MAIN], application=[True], parent=[-1], frame=[0], value=[2_000_000])
    shown = flame.flame(held)
    assert shown.title == "Allocation flame graph"
    assert shown.frames[0].figures == "2.0 MB, 100.0 %"


def test_a_module_is_called_by_its_place():
    module = Frame("app.py", 3, "<module>")
    shown = flame.flame(profile(frames=[module], application=[True], parent=[-1], frame=[0], value=[5]))
    assert (shown.frames[0].name, shown.frames[0].place) == ("app.py:3", "")


def test_what_is_too_narrow_is_left_out_with_its_count():
    tree = {"frames": [MAIN, PARSE, SMALL], "application": [True, True, False]}
    made = profile(**tree, parent=[-1, 0, 0, 0, 0], frame=[0, 1, 1, 2, 1], value=[0, 9_000, 1, 990, 9])
    made.tree.merged = 7
    shown = flame.flame(made)
    assert [frame.kind for frame in shown.frames] == ["application", "application", "small"]
    assert "2 frames of 0.09 % or less left out" in shown.caption
    assert "7 more were put together when it was stored" in shown.caption


def test_of_many_frames_the_widest_are_drawn():
    chains, length = 10, 40
    parents = [n * length + m - 1 if m else -1 for n in range(chains) for m in range(length)]
    values = [(n + 1) * (m == length - 1) for n in range(chains) for m in range(length)]
    made = profile(frames=[MAIN], application=[True], parent=parents, frame=[0] * len(parents), value=values)
    shown = flame.flame(made)
    assert len(shown.frames) == flame.MAX_FRAMES == 6 * length
    assert "160 frames of 7.3 % or less left out" in shown.caption
    assert min(frame.width for frame in shown.frames) > 100 * 4 / 55


@pytest.mark.parametrize("count", [60, 900])
def test_a_deep_recursion_is_cut_with_its_count(count):
    made = profile(
        frames=[MAIN],
        application=[True],
        parent=list(range(-1, count - 1)),
        frame=[0] * count,
        value=[0] * (count - 1) + [1],
    )
    shown = flame.flame(made)
    assert shown.rows == flame.MAX_DEPTH
    assert f"{count - 48} frames deeper than 48 calls left out" in shown.caption


def test_nothing_sampled_has_no_flame_graph():
    assert flame.flame(profile()) is None
    assert table(profile()).flame is None


@st.composite
def trees(draw):
    count = draw(st.integers(1, 40))
    return profile(
        frames=[MAIN, PARSE, LOADS, AWAITING, SMALL],
        application=[True, True, False, False, False],
        parent=[draw(st.integers(-1, n - 1)) for n in range(count)],
        frame=[draw(st.integers(0, 4)) for _ in range(count)],
        value=[draw(st.integers(0, 10_000)) for _ in range(count)],
    )


@given(trees())
def test_frames_of_a_row_do_not_overlap_and_lie_within_their_caller(made):
    shown = flame.flame(made)
    if shown is None:
        assert sum(made.tree.value) == 0
        return
    by_depth = {}
    for frame in shown.frames:
        by_depth.setdefault(frame.depth, []).append(frame)
    near = 0.002  # places are rounded to a thousandth of a per cent
    for depth, row in by_depth.items():
        row.sort(key=lambda frame: frame.start)
        assert all(a.start + a.width <= b.start + near for a, b in itertools.pairwise(row))
        assert row[0].start >= 0
        assert row[-1].start + row[-1].width <= 100 + near
        for frame in row if depth else ():
            assert any(
                up.start <= frame.start + near and frame.start + frame.width <= up.start + up.width + near
                for up in by_depth[depth - 1]
            )
