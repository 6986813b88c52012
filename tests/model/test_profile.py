import msgspec
from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Frame
from perfkit.model.profile import AWAITING, SMALL, AllocationSite, CallTree, HotLine, Profile, label

MAIN = Frame("app.py", 9, "main")
LOAD = Frame("app.py", 4, "load")
JSON = Frame("json.decoder", 0, "raw_decode")
FRAMES = [MAIN, LOAD, JSON, AWAITING]
APPLICATION = [True, True, False, False]

#  main 1 -> load 2 -> raw_decode 30
#         |         -> [await] 400
#         -> raw_decode 5000
TREE = CallTree(
    FRAMES, APPLICATION, parent=[-1, 0, 1, 1, 0], frame=[0, 1, 2, 3, 2], value=[1, 2, 30, 400, 5000]
)


def test_totals_hold_all_below():
    assert TREE.totals() == [5433, 432, 30, 400, 5000]


def test_a_path_leads_from_the_root():
    assert TREE.path(2) == [MAIN, LOAD, JSON]
    assert list(TREE.ancestry(3)) == [3, 1, 0]


def test_collapsed_stacks_are_what_flame_graph_tools_read():
    assert TREE.collapsed() == [
        "main (app.py:9) 1",
        "main (app.py:9);load (app.py:4) 2",
        "main (app.py:9);load (app.py:4);raw_decode (json.decoder) 30",
        "main (app.py:9);load (app.py:4);[await] 400",
        "main (app.py:9);raw_decode (json.decoder) 5000",
    ]


def test_a_line_bears_the_libraries_it_calls_and_no_awaiting():
    assert TREE.hottest() == [HotLine(MAIN, own=5001, total=5433), HotLine(LOAD, own=32, total=432)]
    assert TREE.hottest(1) == [HotLine(MAIN, own=5001, total=5433)]


def test_recursion_counts_once():
    tree = CallTree([LOAD], [True], parent=[-1, 0, 1], frame=[0, 0, 0], value=[1, 2, 4])
    assert tree.hottest() == [HotLine(LOAD, own=7, total=7)]


def test_a_library_that_nobody_called_bears_itself():
    tree = CallTree(
        [JSON, AWAITING, SMALL], [False] * 3, parent=[-1, -1, -1], frame=[0, 1, 2], value=[3, 50, 7]
    )
    assert tree.hottest() == [HotLine(JSON, own=3, total=3)]


def test_awaiting_is_added_up():
    assert Profile("cpu", tree=TREE).awaiting == 400
    assert Profile("cpu").awaiting == 0


def test_labels_have_no_separators():
    assert label(Frame("", 0, "[await]")) == "[await]"
    assert label(Frame("json.decoder", 353, "")) == "json.decoder:353"
    assert label(Frame("a b;c.py", 1, "f")) == "f (a b,c.py:1)"
    assert label(Frame("a\nb.py", 1, "f")) == "f (a b.py:1)"


trees = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 3), st.integers(0, 50)), max_size=20).map(
    lambda rows: CallTree(
        FRAMES,
        APPLICATION,
        parent=[parent % (node + 1) - 1 for node, (parent, _, _) in enumerate(rows)],
        frame=[frame for _, frame, _ in rows],
        value=[value for _, _, value in rows],
    )
)


@given(trees)
def test_nothing_is_lost_between_the_views(tree):
    whole = sum(tree.value)
    roots = [total for total, parent in zip(tree.totals(), tree.parent, strict=True) if parent < 0]
    assert sum(roots) == whole
    assert sum(int(line.rpartition(" ")[2]) for line in tree.collapsed()) == whole
    assert sum(line.own for line in tree.hottest(99)) <= whole
    assert all(line.own <= line.total <= whole for line in tree.hottest(99) if line.frame in (MAIN, LOAD))


def test_a_profile_is_stored_as_json():
    profile = Profile(
        "memory", "load", "memray 1.20.0", 5, tree=TREE, top=[AllocationSite(LOAD, 50, 2)], error="ValueError"
    )
    assert msgspec.json.decode(msgspec.json.encode(profile), type=Profile) == profile
