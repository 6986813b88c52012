from perfkit.model import Frame, Span
from perfkit.rules import View
from perfkit.rules.loops import Places, fold

from .traces import MS, queries, query, request, span, trace_of

BY_ID = "SELECT name FROM users WHERE id = ?"


def view(spans):
    return View(trace_of(spans))


def test_one_loop_for_each_scope_target_place_and_statement():
    other = Frame("app/b.py", 2, "other")
    spans = [
        *queries(2, BY_ID),
        *queries(2, BY_ID, path=(other,)),
        *queries(2, BY_ID, host="other"),
        *queries(2, "SELECT a FROM t WHERE id = ?"),
    ]
    assert [len(loop.spans) for loop in view(spans).query_loops] == [2, 2, 2, 2]


def test_parameters_tasks_and_connections_are_no_part_of_it():
    spans = queries(4, BY_ID)
    for n, s in enumerate(spans):
        s.task, s.attrs["connection"] = n, n
    (loop,) = view(spans).query_loops
    assert (len(loop.spans), loop.distinct, loop.placed) == (4, 4, True)


def test_what_was_not_answered_is_left_out():
    spans = [request(n, 1, f"http://h/{n}", status=status) for n, status in enumerate((200, 503, 429, 200))]
    spans.append(request(9, 1, "http://h/9", redirect=1))
    (loop,) = view(spans).request_loops
    assert (len(loop.spans), len(loop.left_out)) == (2, 3)
    assert view(spans[1:3]).request_loops == []


def test_what_is_under_way_is_no_part_of_it():
    spans = queries(2, BY_ID)
    spans[1].end_ns = -1
    (loop,) = view(spans).query_loops
    assert len(loop.spans) == 1


def test_batches_are_no_loop():
    commands = {"halt": 0, "cmd": {"a": "crm.lead.get?id=1", "b": "crm.lead.get?id=2"}}
    spans = [request(n, 1, "http://h/rest/1/tok/batch", body=commands) for n in range(3)]
    assert all(s.attrs["batch"] for s in spans)
    assert view(spans).request_loops == []


def test_a_chain_of_a_hundred_thousand_parents():
    spans = [Span(n, n - 1 if n > 1 else None, "span", f"s{n % 7}", n, 10**6) for n in range(1, 100_001)]
    spans.append(Span(100_001, 100_000, "query", BY_ID, 100_001, 100_002))
    places = Places(spans)
    assert places.scope(spans[-1]) == 0
    assert hash(places.of(spans[-1])) == hash(places.of(spans[-1]))
    assert len(places.names_above(spans[-1])) == 100


def test_a_parent_that_is_not_there_is_no_parent():
    places = Places([])
    lost = Span(7, 3, "query", BY_ID, 0, 1)
    assert (places.scope(lost), places.of(lost), places.names_above(lost)) == (0, 0, [])


def test_the_nearest_entry_is_the_scope():
    outer = span("span", 0, 100 * MS, "GET /a", entry=True)
    inner = span("span", 1, 50 * MS, "GET /b", entry=True)
    step = span("span", 2, 40 * MS, "load")
    inner.parent, step.parent = outer, inner
    last = query(3, 1, BY_ID, path=())
    last.parent = step
    seen = view([outer, inner, step, last])
    assert seen.places.scope(last) == inner.id
    assert seen.place(last) == "GET /b > load"


def test_a_path_folds_to_each_frame_once():
    a, b, c = (Frame("t.py", n, "f") for n in range(3))
    assert fold((a, b, a, b, c)) == (a, b, c)
