import zlib

import pytest

from perfkit.bench.baselines.places import Line, Place, culprit, decider, places_of
from perfkit.model import Frame, Span

FILE = "app/views.py"


def frame(line, function="page", file=FILE):
    return Frame(file, line, function)


def span(*path, name="SELECT ?"):
    return Span(1, None, "query", name, 0, 1, path=tuple(path))


HELPER = frame(5, "fetch", "app/db.py")
PAGE = "app/views.py:page"
MARK = f"{zlib.crc32(b'SELECT ?') & 0xFFFF:04x}"


def line_of(before, now, calls_before=None, calls_now=None, shared=()):
    """The culprit of the spans of now, where the baseline was made of those of before."""
    was = {name: Place(p.calls, p.lines) for name, p in places_of(before, calls_before or {}).items()}
    return culprit([one.path for one in now], was, places_of(now, calls_now or {}), shared)


def test_places_count_what_goes_through_each_line_in_order():
    found = places_of(
        [span(HELPER, frame(20)), span(HELPER, frame(10)), span(HELPER, frame(20))], {(FILE, "page"): 2}
    )
    assert found[PAGE] == Place(2, [Line(1, MARK), Line(2, MARK)], [10, 20])
    assert found["app/db.py:fetch"] == Place(0, [Line(3, MARK)], [5])
    assert found[PAGE].plain() == f"2 calls, 1 of {MARK}, 2 of {MARK}"
    assert Place.of(found[PAGE].plain()) == Place(2, found[PAGE].lines)


@pytest.mark.parametrize(
    "text", ["", "1 call,", "x calls", "1 call, 2", "1 call, 2 of xyz", "1 call, 2 of 12345"]
)
def test_anything_else_is_no_place(text):
    with pytest.raises(ValueError, match="is not a place"):
        Place.of(text)


def test_a_frame_that_is_on_a_path_twice_is_passed_through_once():
    assert places_of([span(HELPER, HELPER, frame(20))], {})["app/db.py:fetch"].lines == [Line(1, MARK)]


def test_a_new_line_is_named_though_all_lines_moved():
    before = [span(HELPER, frame(10)), span(HELPER, frame(11))]
    now = [span(HELPER, frame(110)), *[span(HELPER, frame(111))] * 20, span(HELPER, frame(112))]
    assert line_of(before, now) == frame(111)


def test_a_new_line_among_lines_of_equal_counts_is_known_by_its_operation():
    names = {10: "SELECT a", 11: "SELECT b", 12: "SELECT c"}
    before = [span(HELPER, frame(line), name=name) for line, name in names.items()]
    for line in (10, 11, 12, 13):
        moved = [span(HELPER, frame(n + (n >= line)), name=name) for n, name in names.items()]
        new = span(HELPER, frame(line), name="SELECT new")
        was = {name: Place(p.calls, p.lines) for name, p in places_of(before, {}).items()}
        assert culprit([new.path], was, places_of([*moved, new], {})) == frame(line)


def test_the_line_that_is_passed_through_more_is_named_when_calls_were_counted():
    path = (HELPER, frame(6, "load"), frame(20, "main"))
    counts = {("app/db.py", "fetch"): 1, (FILE, "load"): 1, (FILE, "main"): 1}
    again = {**counts, ("app/db.py", "fetch"): 2}
    assert line_of([span(*path)], [span(*path)] * 2, counts, again) == frame(6, "load")
    twice = {**again, (FILE, "load"): 2}
    assert line_of([span(*path)], [span(*path)] * 2, counts, twice) == frame(20, "main")
    assert line_of([span(*path)], [span(*path)] * 2, counts, counts) == HELPER


def test_a_new_function_is_blamed_on_the_line_that_calls_it():
    before = [span(HELPER, frame(20, "main"))]
    now = [*before, span(HELPER, frame(3, "audit"), frame(21, "main"))]
    assert line_of(before, now) == frame(21, "main")


def test_without_calls_a_helper_of_several_operations_is_not_blamed():
    path = (HELPER, frame(6, "load"))
    assert line_of([span(*path)], [span(*path)] * 2, shared={HELPER}) == frame(6, "load")
    assert line_of([span(*path)], [span(*path)] * 2) == HELPER


def test_only_paths_of_which_each_line_grew_are_looked_at():
    test = frame(20, "test_page")
    before = [span(frame(5, "load"), test)]
    now = [*before, span(frame(6, "load"), test)]
    counts = {(FILE, "load"): 1, (FILE, "test_page"): 1}
    assert line_of(before, now, counts, counts).function == "load"
    assert line_of(before, now).function == "load"


def test_nothing_grew():
    one = [span(HELPER, frame(10))]
    assert line_of(one, one) is None
    assert line_of(one * 3, one) is None
    assert culprit([], {}, {}) is None


SEND, PAGES = frame(6, "send"), frame(20, "pages")


def sent(times, calls_of_fetch, calls_of_send, name="SELECT ?"):
    """Operations through a helper, and how often each function was called for them."""
    counts = {("app/db.py", "fetch"): calls_of_fetch, (FILE, "send"): calls_of_send, (FILE, "pages"): 1}
    return [span(HELPER, SEND, PAGES, name=name)] * times, counts


@pytest.mark.parametrize(
    ("now", "line"),
    [
        ((142, 71, 33), HELPER),  # the helper asks twice, and is tried again for being refused
        ((71, 71, 71), PAGES),  # its caller's caller loops more
        ((150, 150, 50), PAGES),  # what is behind it is tried again more often: it is from outside
        ((120, 50, 50), PAGES),  # no whole number: tries in the helper itself
    ],
)
def test_calls_that_feed_back_do_not_hide_the_line(now, line):
    before, counted = sent(33, 33, 33)
    spans, counts = sent(*now)
    assert line_of(before, spans, counted, counts) == line


def test_a_few_calls_do_not_tell_repeating_from_trying_again():
    before, counted = sent(3, 3, 3)
    spans, counts = sent(10, 5, 4)
    assert line_of(before, spans, counted, counts) == PAGES


def test_where_each_call_makes_more_it_is_named_though_all_were_called_more():
    before, counted = sent(71, 59, 59)
    spans, counts = sent(146, 130, 65)
    counts[FILE, "pages"] = 2
    assert line_of(before, spans, counted, counts) == SEND


def test_who_asks_for_this_instead_of_that_is_the_one_that_asks_several_times():
    before, counts = sent(100, 100, 100)
    before[50:] = sent(50, 0, 0, name="SELECT b")[0]
    now = before[:90] + before[-10:]
    was = places_of(before, counts)
    assert culprit([HELPER_PATH], was, places_of(now, counts)) is None
    assert decider([HELPER_PATH], places_of(now, counts)) == PAGES
    assert decider([HELPER_PATH], places_of(now, {})) == HELPER


HELPER_PATH = (HELPER, SEND, PAGES)
