import asyncio.base_events
import selectors

from perfkit.profiling import capture, wrapping
from perfkit.profiling.stacks import RawTree, below_start, identity, is_our_own

THREAD = "MainThread\x00<thread>\x00140488363936640"
SELECT = f"select\x00{selectors.__file__}\x00451\x01cEpollSelector\x01l468"
POLL = "epoll.poll\x00<built-in>\x000"
RUN_ONCE = f"_run_once\x00{asyncio.base_events.__file__}\x001870\x01l1914"
WRAPPER = f"profiled\x00{wrapping.__file__}\x0060\x01l61"
RESUME = f"resume\x00{capture.__file__}\x00110\x01l111"


def raw(name, line, attributes=""):
    return f"{name}\x00/app/views.py\x001{attributes}\x01l{line}"


def shown(*stacks):
    tree = RawTree()
    for stack, ns in stacks:
        tree.add(stack, ns)
    return [([place.frame.function for place in stack], ns) for stack, ns in tree.readable()]


def test_samples_of_one_stack_are_added_up():
    page, load = raw("page", 5), raw("load", 9)
    assert shown(([page, load], 3), ([page], 1), ([page, load], 4)) == [(["page"], 1), (["page", "load"], 7)]


def test_a_line_is_a_node_of_its_own_whatever_object_it_runs_for():
    tree = RawTree()
    tree.add([raw("page", 5, "\x01cView")], 1)
    tree.add([raw("page", 6, "\x01cView\x01h1")], 2)
    stacks = list(tree.readable())
    assert [stack[0].frame.line for stack, _ in stacks] == [5, 6]


def test_a_waiting_event_loop_is_awaiting():
    page = raw("main", 5)
    assert shown(([THREAD, page, RUN_ONCE, SELECT, POLL], 8), ([THREAD, page, RUN_ONCE, SELECT], 1)) == [
        (["main", "_run_once", "[await]"], 1),
        (["main", "_run_once", "[await]"], 8),
    ]


def test_a_waiting_coroutine_is_awaiting():
    assert shown(([raw("page", 5), "[await]"], 8)) == [(["page", "[await]"], 8)]


def test_the_wrapper_of_a_decorated_function_is_not_shown_and_the_function_is():
    stack = [raw("page", 5), WRAPPER, raw("load", 9)]
    assert shown((stack, 8)) == [(["page", "load"], 8)]


def test_what_taking_a_capture_costs_is_its_callers():
    stack = [raw("page", 5), WRAPPER, RESUME, raw("anything", 1)]
    assert shown((stack, 8)) == [(["page"], 8)]


def test_the_start_is_compared_by_function_and_not_by_line():
    start = (identity(THREAD), identity(raw("main", 1)), identity(raw("page", 2)))
    inside = [THREAD, raw("main", 1), raw("page", 77), raw("load", 9)]
    assert below_start(inside, start) == [raw("page", 77), raw("load", 9)]
    assert below_start([THREAD, raw("other", 3)], start) == [raw("other", 3)]
    assert below_start([THREAD, raw("main", 1)], start) == []


def test_samples_of_the_capture_itself_are_known():
    assert is_our_own([])
    assert is_our_own([WRAPPER])
    assert is_our_own([WRAPPER, "generator.send\x00<built-in>\x000"])
    assert is_our_own([WRAPPER, RESUME])
    assert is_our_own([raw("page", 5), RESUME, raw("anything", 1)])
    assert not is_our_own([raw("page", 5)])
    assert not is_our_own([WRAPPER, raw("load", 9)])
    assert not is_our_own([WRAPPER, "sleep\x00<built-in>\x000"])
    assert not is_our_own([raw("page", 5), WRAPPER, RESUME])
