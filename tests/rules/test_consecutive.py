import pytest

from perfkit.model import HostFacts
from perfkit.probes.http import ids_in
from perfkit.rules.consecutive import consecutive
from perfkit.rules.limits import Limits
from perfkit.rules.serial_awaits import check
from perfkit.rules.view import View

from .traces import MS, connect, request, span, trace_of

URLS = [
    "http://users/users/7",
    "http://orders/orders?user=7",
    "http://news/latest",
    "http://prices/prices?user=7",
    "http://stock/stock/7",
]


def get(n, url, duration_ms=100, gap_ms=1, **facts):
    made = request(
        n * (duration_ms + gap_ms) * MS, duration_ms * MS, url=url, method="GET", path=((),), **facts
    )
    made.path, made.site, made.task, made.thread = (), None, 0, 0
    made.attrs["ids"] = ids_in(url)
    return made


def page_of(children, **attrs):
    """A trace of one request that a service answered, and what it asked for meanwhile."""
    end = max(child.end_ns for child in children)
    page = span(
        "request", 0, end + MS, "GET /page", entry=True, method="GET", host="me", template="/page", **attrs
    )
    for child in children:
        child.parent = page
    return [page, *children]


def runs(children, limits=None):
    view = View(trace_of(page_of(children)), limits)
    return [[made.name for made in run] for run in consecutive(view)]


def test_five_services_in_a_row():
    children = [get(n, url) for n, url in enumerate(URLS)]
    (finding,) = check(View(trace_of(page_of(children))))
    assert (finding.rule, finding.count, finding.site, finding.path) == ("PK201", 5, None, ())
    assert (finding.spent_ns, finding.saving_ns) == (500 * MS, 400 * MS)
    assert finding.place == "GET /page"
    assert finding.template.startswith("GET users/users/{id}, GET orders/orders?user=, GET news/latest, ")
    assert finding.basis == (
        "5 one after another take 500 ms; together 100 ms: as long as the longest; "
        "if none of them needs what another one brings"
    )
    assert finding.span_ids == [2, 3, 4, 5, 6]
    assert finding.fix.startswith("If none needs another's answer, ")


def test_four_are_too_few_without_call_paths():
    children = [get(n, url) for n, url in enumerate(URLS[:4])]
    assert runs(children) == []
    assert len(runs(children, Limits(min_calls_imported=4))) == 1


def changed(n, **changes):
    """The five services, one of them other than it was."""
    children = [get(number, url) for number, url in enumerate(URLS)]
    for name, value in changes.items():
        if hasattr(children[n], name):
            setattr(children[n], name, value)
        else:
            children[n].attrs[name] = value
    return children


@pytest.mark.parametrize(
    "children",
    [
        changed(2, method="POST"),
        changed(2, status=503),
        changed(2, retry=1),
        changed(2, redirect=1),
        changed(2, entry=True),
        changed(2, task=4),
        changed(2, end_ns=-1),
        changed(2, end_ns=303 * MS + 50 * MS),
        changed(2, kind="query"),
        [get(n, url, gap_ms=50) for n, url in enumerate(URLS)],
        [get(n, "http://h/latest") for n in range(5)],
        [get(n, f"http://h/users/{n}") for n in range(5)],
        [get(n, url) for n, url in enumerate(["http://h/cart", *URLS[:4]])],
        [get(n, url) for n, url in enumerate([URLS[0], "http://users/users/7/friends", *URLS[2:]])],
        [get(n, url) for n, url in enumerate([*URLS[:4], "http://h/x?user=8"])],
        [
            get(n, f"http://h/{name}/{n}")
            for n, name in enumerate(["accounts", "orgs", "projects", "teams", "x"])
        ],
    ],
    ids=[
        "a write",
        "refused",
        "tried again",
        "redirected",
        "answered by the service",
        "with a task",
        "unfinished",
        "overlapping",
        "a query between",
        "pauses",
        "one template",
        "a loop",
        "values that the first had not",
        "a path that continues another",
        "a new value in the query",
        "a chain: each id for the first time",
    ],
)
def test_what_is_not_reported(children):
    assert runs(children) == []


def test_siblings_of_different_parents_are_no_row():
    first, second = ([get(n, url) for n, url in enumerate(URLS)] for _ in range(2))
    spans = [*page_of(first[:3]), *page_of(second[3:])]
    assert consecutive(View(trace_of(spans))) == []


def test_opening_a_connection_is_nothing_between():
    children = [get(n, url) for n, url in enumerate(URLS)]
    assert len(runs([*children, connect(150 * MS, MS)])) == 1


def test_parameters_that_are_not_known_go_by_their_names():
    children = [
        get(n, url) for n, url in enumerate(["http://users/users?user=7", *URLS[1:4], "http://stock/all"])
    ]
    for child in children:
        del child.attrs["params"], child.attrs["ids"]
    assert len(runs(children)) == 1
    children[4].attrs["template"] = "/stock?order=&day="
    assert runs(children) == []


def test_what_the_answered_request_was_about_is_known():
    children = [get(n, url) for n, url in enumerate(["http://flags/all", *URLS[:4]])]
    assert runs(children) == []
    spans = page_of(children)
    spans[0].attrs["template"] = "/pages/{id}"
    assert len(consecutive(View(trace_of(spans)))) == 1
    spans[0].attrs.update(template="/page?user=", params={"?user": children[2].attrs["params"]["?user"]})
    assert [len(run) for run in consecutive(View(trace_of(spans)))] == [5]
    spans[0].attrs["params"] = {"?user": "another"}
    assert [len(run) for run in consecutive(View(trace_of(spans)))] == []


def test_a_limit_that_leaves_nothing_to_save():
    children = [get(n, f"http://h/{name}") for n, name in enumerate(["a", "b", "c", "d", "e"])]
    trace = trace_of(page_of(children), [HostFacts("h", burst=1, per_second=2.0)])
    assert check(View(trace)) == []
