from perfkit.model import Frame
from perfkit.model.profile import AllocationSite
from perfkit.profiling.sites import MAX_SITES, Held, sum_up
from perfkit.profiling.tree import Place

PAGE = Place(Frame("app.py", 9, "page"), application=True)
LOAD = Place(Frame("app.py", 4, "load"), application=True)
JSON = Place(Frame("json", 0, "loads"), application=False)


def test_what_libraries_hold_is_put_down_to_the_line_that_called_them():
    held = [
        Held((PAGE, LOAD, JSON), 100, 2),
        Held((PAGE, LOAD), 5, 1),
        Held((PAGE,), 20, 3),
        Held((JSON,), 7, 1),
    ]
    size, tree, top = sum_up(held)
    assert size == 132
    assert top == [
        AllocationSite(LOAD.frame, 105, 3),
        AllocationSite(PAGE.frame, 20, 3),
        AllocationSite(JSON.frame, 7, 1),
    ]
    assert tree.totals()[0] == 125


def test_memory_of_nobody_is_in_the_sum_only():
    size, tree, top = sum_up([Held((), 100, 2)])
    assert (size, tree.value, top) == (100, [], [])


def test_only_the_largest_sites_are_kept():
    held = [Held((Place(Frame("app.py", n, "f"), application=True),), n, 1) for n in range(1, MAX_SITES + 20)]
    top = sum_up(held).top
    assert len(top) == MAX_SITES
    assert top[0].bytes == MAX_SITES + 19
