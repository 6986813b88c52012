from hypothesis import given
from hypothesis import strategies as st

from perfkit.model import Frame
from perfkit.model.profile import SMALL, AllocationSite, CallTree, Profile
from perfkit.profiling.tree import Place, below, build, merge, prune


def place(name, application=True):
    return Place(Frame(f"{name}.py", 1, name), application)


A, B, C, LIBRARY = place("a"), place("b"), place("c"), place("lib", application=False)


def stacks_of(tree):
    """Every stack with a value of its own, by function names."""
    return {
        tuple(frame.function for frame in tree.path(node)): value
        for node, value in enumerate(tree.value)
        if value
    }


def test_the_frames_around_a_capture_are_left_out():
    assert below((A, B, C), (A, B)) == (B, C)
    assert below((A, B), (A, B)) == (B,)
    assert below((A,), (A, B)) == ()
    assert below((A, C, B), (A, B)) == (C, B)
    assert below((C,), (A, B)) == (C,)
    assert below((A,), ()) == (A,)


def test_stacks_become_one_tree():
    tree = build([((A, B), 5), ((A, LIBRARY), 7), ((A, B), 1), ((B, A), 2), ((), 100)])
    assert tree.frames == [A.frame, B.frame, LIBRARY.frame]
    assert tree.application == [True, True, False]
    assert tree.parent == [-1, 0, 0, -1, 3]
    assert tree.value == [0, 6, 7, 0, 2]
    assert stacks_of(tree) == {("a", "b"): 6, ("a", "lib"): 7, ("b", "a"): 2}


def test_small_nodes_are_put_together_below_their_caller():
    tree = build([((A,), 5000), ((A, B), 4), ((A, B, C), 1), ((A, C), 4), ((B,), 1)])
    assert stacks_of(tree) == {("a",): 5000, ("a", SMALL.function): 9, (SMALL.function,): 1}
    assert tree.merged == 4


def test_nodes_of_a_thousandth_stay():
    tree = build([((A,), 999), ((B,), 1)])
    assert stacks_of(tree) == {("a",): 999, ("b",): 1}
    assert tree.merged == 0


def test_of_a_tree_that_is_too_large_the_largest_nodes_stay():
    whole = build([((A, place(f"n{n}")), 100 + n) for n in range(6)])
    tree = prune(whole, max_nodes=3)
    assert stacks_of(tree) == {("a", "n5"): 105, ("a", "n4"): 104, ("a", SMALL.function): 406}
    assert tree.merged == 4


some_stacks = st.lists(
    st.tuples(
        st.lists(st.sampled_from([A, B, C, LIBRARY]), min_size=1, max_size=5).map(tuple), st.integers(0, 9999)
    ),
    max_size=30,
)


@given(some_stacks, st.integers(1, 10))
def test_pruning_loses_nothing_and_keeps_to_its_limit(stacks, max_nodes):
    tree = prune(build(stacks), max_nodes)
    assert sum(tree.value) == sum(value for _, value in stacks)
    assert len(tree.value) <= 2 * max_nodes + 1
    assert all(parent < node for node, parent in enumerate(tree.parent))


def cpu_profile(*stacks, **others):
    return Profile("cpu", "work", "pyinstrument 5", tree=build(stacks), **others)


def test_captures_of_time_are_added_up():
    first = cpu_profile(((A, B), 5), ((A,), 1), duration_ns=10, samples=2, warnings=["w"])
    second = cpu_profile(
        ((A, B), 7), ((C,), 2), duration_ns=11, samples=3, error="ValueError", warnings=["w", "v"]
    )
    both = merge(first, second)
    assert (both.duration_ns, both.samples, both.calls, both.error) == (21, 5, 2, "ValueError")
    assert stacks_of(both.tree) == {("a", "b"): 12, ("a",): 1, ("c",): 2}
    assert both.warnings == ["w", "v"]
    assert merge(both, first).calls == 3
    assert merge(both, first).error == "ValueError"


def test_what_was_merged_stays_counted():
    first = cpu_profile(((A,), 5000), ((B,), 1))
    assert first.tree.merged == 1
    assert merge(first, first).tree.merged == 2


def test_of_captures_of_memory_the_higher_peak_stays():
    def taken(peak_bytes, **others):
        site = AllocationSite(A.frame, peak_bytes, 1)
        tree = build([((A,), peak_bytes)])
        return Profile("memory", "load", "memray 1", peak_bytes=peak_bytes, tree=tree, top=[site], **others)

    low = taken(10, allocations=3, allocated_bytes=30)
    high = taken(20, allocations=4, allocated_bytes=40)
    for both in (merge(low, high), merge(high, low)):
        assert (both.peak_bytes, both.tree, both.top) == (20, high.tree, high.top)
        assert (both.allocations, both.allocated_bytes, both.calls) == (7, 70, 2)
    assert merge(low, taken(5)).allocations is None


def test_an_empty_tree_stays_empty():
    assert build([]) == CallTree()
