import pytest

from perfkit.model import Frame, HostFacts
from perfkit.rules import Limits, View, n_plus_one_request, serial_awaits

from .traces import HELPER, LOOP, MS, connect, one_per_lead, request, span, trace_of

MIN_COUNT = Limits().min_calls


def found(spans, hosts=()):
    return check(trace_of(spans, hosts))


def check(trace):
    return n_plus_one_request.check(View(trace))


def test_a_call_per_lead_is_found_at_its_line():
    (finding,) = found(one_per_lead(200))
    assert (finding.rule, finding.name, finding.count) == ("PK102", "n-plus-one-request", 200)
    assert finding.site == LOOP
    assert finding.spent_ns == 200 * 205 * MS
    assert finding.template == (
        "POST portal.test/rest/{user}/{token}/crm.activity.list {filter:{OWNER_ID:?}}"
    )
    assert finding.evidence == ["200 calls with 200 different values of filter.OWNER_ID", "one after another"]
    assert "crm.activity.list" in finding.fix
    assert "filter.OWNER_ID" in finding.fix
    assert len(finding.span_ids) == 200


@pytest.mark.parametrize(
    "url", ["http://h/users/{n}", "http://h/users?id={n}", "http://h/users/{n}/orders", "http://h/u/{n}.json"]
)
def test_rest_urls_too(url):
    spans = [request(n * MS, MS, url=url.format(n=n), method="GET") for n in range(5)]
    (finding,) = found(spans)
    assert finding.count == 5


def test_json_rpc_is_told_apart_by_its_method():
    def call(n, method):
        return request(
            n * MS, MS, url="http://h/rpc", body={"jsonrpc": "2.0", "method": method, "params": [n]}
        )

    spans = [call(n, "user.get") for n in range(4)] + [call(9 + n, "order.get") for n in range(4)]
    assert sorted(f.template.split()[-1].partition("{")[0] for f in found(spans)) == ["order.get", "user.get"]


def test_the_loop_and_not_the_shared_helper_is_the_site():
    listing = request(
        0,
        MS,
        url="http://portal.test/rest/1/tok/crm.lead.list",
        path=(HELPER, Frame("app/leads.py", 30, "report")),
    )
    spans = [listing, *one_per_lead(5, path=(HELPER, LOOP))]
    (finding,) = found(spans)
    assert finding.site == LOOP
    assert finding.path == (HELPER, LOOP)


def test_a_helper_used_by_this_loop_alone_is_the_innermost_place():
    (finding,) = found(one_per_lead(5, path=(HELPER, LOOP)))
    assert finding.site == HELPER


def test_two_calls_are_no_loop():
    assert found(one_per_lead(MIN_COUNT - 1)) == []
    assert len(found(one_per_lead(MIN_COUNT))) == 1


def test_equal_calls_are_duplicates_and_not_this_rule():
    assert found([request(n * MS, MS, body={"filter": {"OWNER_ID": 1}}) for n in range(9)]) == []


@pytest.mark.parametrize(
    "bodies",
    [
        [{"filter": {"X": 1}, "start": 50 * n} for n in range(5)],
        [{"filter": {">ID": 50 * n}} for n in range(5)],
        [{"filter": {"OWNER_ID": [15 * n, 15 * n + 1]}} for n in range(5)],
        [*[{"filter": {"OWNER_ID": [15 * n, 15 * n + 1]}} for n in range(5)], {"filter": {"OWNER_ID": [99]}}],
        [{"query": "q", "variables": {"first": 9, "after": f"c{n}"}} for n in range(5)],
        [{"query": "q", "variables": {"input": {"endCursor": f"c{n}"}}} for n in range(5)],
        [{"size": 9, "search_after": [n, "x"]} for n in range(5)],
        [{"page": {"number": n}} for n in range(5)],
        [{"jsonrpc": "2.0", "id": n, "method": "user.list", "params": {"x": 1}} for n in range(5)],
        [{"jsonrpc": "2.0", "id": n, "method": "user.list", "params": {"page": n}} for n in range(5)],
        [{"filter": {"OWNER_ID": [15 * n, 15 * n + 1]}, "nonce": n} for n in range(5)],
        [{"cmd": {"a": f"crm.activity.list?filter[OWNER_ID]={n}"}} for n in range(5)],
    ],
    ids=[
        "offset",
        "keyset",
        "chunks",
        "chunks with a short last one",
        "after",
        "endCursor",
        "search_after",
        "nested page",
        "ids of JSON-RPC",
        "pages of JSON-RPC",
        "chunks and nonces",
        "batches",
    ],
)
def test_the_cure_is_not_the_illness(bodies):
    assert found([request(n * MS, MS, body=body) for n, body in enumerate(bodies)]) == []


@pytest.mark.parametrize(
    "query",
    [
        "page={n}",
        "offset={n}",
        "cursor=c{n}",
        "limit=9&start={n}",
        "$skip={n}",
        "startAt={n}",
        "pageNumber={n}",
        "page[number]={n}",
        "page%5Boffset%5D={n}",
        "marker=m{n}",
        "max_id={n}",
        "min_id={n}",
        "scroll_id=s{n}",
        "nextPageToken=t{n}",
        "Next-Page={n}",
        "filter[>ID]={n}",
        "page.number={n}",
        "page={n}&_={n}",
        "from={n}&size=10",
        "page_info=a{n}",
        "cursorMark=a{n}",
        "bookmark=b{n}",
        "start_row={n}&end_row=1{n}",
        "start={n}&end=1{n}",
        "partNumber={n}&uploadId=5",
    ],
)
def test_pages_by_url_are_no_loop(query):
    spans = [request(n * MS, MS, url=f"http://h/x?{query.format(n=n)}", method="GET") for n in range(5)]
    assert found(spans) == []


@pytest.mark.parametrize(
    "query",
    [
        "ids={n},9{n}",
        "id={n}&id=9{n}",
        "id={n},8{n},9{n}",
        "id[]={n},9{n}",
        "ids={n},9{n}&nonce={n}",
        "ids={n},9{n}&page={n}",
    ],
)
def test_lists_in_the_url_are_chunks(query):
    spans = [request(n * MS, MS, url=f"http://h/x?{query.format(n=n)}", method="GET") for n in range(5)]
    assert found(spans) == []


@pytest.mark.parametrize("name", ["_", "_t", "cb", "nonce", "timestamp", "request_id", "requestId"])
def test_what_differs_in_every_call_is_no_item(name):
    spans = [request(n * MS, MS, url=f"http://h/x?id=7&{name}={n}", method="GET") for n in range(5)]
    assert found(spans) == []


def test_a_nonce_does_not_hide_the_item():
    spans = [request(n * MS, MS, url=f"http://h/x?id={n}&_={n}", method="GET") for n in range(5)]
    (finding,) = found(spans)
    assert finding.evidence[0] == "5 calls with 5 different values of ?id"
    assert "a list for id," in finding.fix


def test_pages_in_the_path_are_no_loop():
    def get(path):
        return found([request(n * MS, MS, url=f"http://h{path}".format(n=n), method="GET") for n in range(5)])

    assert get("/items/page/{n}") == get("/items/pages/{n}?size=9") == []
    assert [finding.count for finding in get("/items/{n}/page/1")] == [5]


@pytest.mark.parametrize(
    "query",
    [
        "latlng=52.{n},13.{n}",
        "address=Berlin, Road {n}",
        "from={n}",
        "token=t{n}",
        "limit={n}",
        "id={n}&page={n}",
        "filter[request_id]={n}",
        "orders={n}",
    ],
)
def test_one_value_per_call_is_a_loop(query):
    spans = [request(n * MS, MS, url=f"http://h/x?{query.format(n=n)}", method="GET") for n in range(5)]
    (finding,) = found(spans)
    assert finding.count == 5


@pytest.mark.parametrize("path", ["SKU-100{n}", "ORD_2024_{n}", "me{n}@example.com", "AbCdEfGhIjKlMnO{n}"])
def test_loops_over_identifiers_in_the_path(path):
    spans = [request(n * MS, MS, url=f"http://h/p/{path.format(n=n)}", method="GET") for n in range(5)]
    (finding,) = found(spans)
    assert finding.count == 5


def test_one_list_among_many_values_does_not_make_chunks():
    values = ["1,2,3", *range(11)]
    spans = [request(n * MS, MS, url=f"http://h/x?q={v}", method="GET") for n, v in enumerate(values)]
    (finding,) = found(spans)
    assert finding.count == 12


def test_arguments_by_position_are_no_list():
    bodies = [{"jsonrpc": "2.0", "id": n, "method": "user.get", "params": [n, "full"]} for n in range(5)]
    (finding,) = found([request(n * MS, MS, url="http://h/rpc", body=body) for n, body in enumerate(bodies)])
    assert finding.evidence[0] == "5 calls with 5 different values of params"


def test_the_pages_of_two_items_are_no_loop_over_items():
    spans = [request(n * MS, MS, url=f"http://h/x?id={n % 2}&page={n // 2}", method="GET") for n in range(10)]
    assert found(spans) == []


def test_different_places_hosts_and_bodies_are_different_loops():
    other = Frame("app/other.py", 1, "f")
    spans = [
        *one_per_lead(2),
        *one_per_lead(2, path=(other,)),
        *[
            request(
                n, MS, url="http://elsewhere/rest/1/t/crm.activity.list", body={"filter": {"OWNER_ID": n}}
            )
            for n in range(2)
        ],
        *[request(n, MS, body={"filter": {"ID": n}}) for n in range(2)],
    ]
    assert found(spans) == []


def test_refused_calls_are_counted_apart():
    spans = one_per_lead(4) + [
        request(10**10 + n, MS, body={"filter": {"OWNER_ID": n}}, status=503) for n in range(3)
    ]
    (finding,) = found(spans)
    assert finding.count == 4
    assert "3 more refused with 429 or 503" in finding.evidence


def test_a_host_that_refuses_is_not_to_be_asked_faster():
    spans = [request(n * 100 * MS, 100 * MS, url=f"http://h/users/{n}", method="GET") for n in range(10)]
    spans += [
        request(2000 * MS + n, MS, url=f"http://h/users/{n}", method="GET", status=429) for n in range(3)
    ]
    (finding,) = found(spans)
    assert finding.saving_ns is None
    assert finding.basis == "unknown: the host refuses calls, and its limit is not known"
    assert "at a time" not in finding.fix
    (finding,) = found(spans, [HostFacts("h", burst=2, per_second=5.0)])
    assert finding.saving_ns is not None


def named(names, before="rates", **facts):
    spans = [
        request(n * 100 * MS, 90 * MS, f"http://fx/{before}/{name}", method="GET", path=((),), **facts)
        for n, name in enumerate(names)
    ]
    for each in spans:
        each.path, each.site, each.task, each.thread = (), None, 0, 0
    page = span("span", 0, 10_000 * MS, "GET /page", entry=True)
    for each in spans:
        each.parent = page
    return [page, *spans]


CURRENCIES = ["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "PLN", "CZK"]


def test_items_that_have_words_for_names():
    (finding,) = found(named(CURRENCIES))
    assert (finding.template, finding.count) == ("GET fx/rates/{name}", 8)
    assert finding.evidence == ["8 calls that differ by the last word of the path", "one after another"]
    assert "the name in the path" in finding.fix
    assert serial_awaits.check(View(trace_of(named(CURRENCIES)))) == []
    assert found(named(CURRENCIES[:7])) == []
    assert found(named(CURRENCIES, "api")) == []


def test_overlapping_calls_get_the_batch_fix():
    spans = [request(n, 200 * MS, body={"filter": {"OWNER_ID": n}}) for n in range(10)]
    (finding,) = found(spans)
    assert "up to 10 at once" in finding.evidence
    assert "batch" in finding.fix
    assert "gather" not in finding.fix


def test_an_unknown_api_gets_no_batch_invented():
    serial = [request(n * 100 * MS, 100 * MS, url=f"http://h/users/{n}", method="GET") for n in range(10)]
    (finding,) = found(serial)
    assert "batch" not in finding.fix
    assert "semaphore" in finding.fix
    assert finding.saving_ns == 800 * MS
    together = [request(n, 100 * MS, url=f"http://h/users/{n}", method="GET") for n in range(10)]
    (finding,) = found(together)
    assert finding.saving_ns is None
    assert finding.basis.startswith("unknown")


def test_the_trace_is_left_as_it_was():
    trace = trace_of(one_per_lead(5))
    before = [(s.id, dict(s.attrs)) for s in trace.spans]
    check(trace)
    assert [(s.id, dict(s.attrs)) for s in trace.spans] == before


SAVINGS = {
    "known link": ([], {"rtt_ns": 200 * MS, "batch_size": 50}, {}, 200 * 205 - (4 * 200 + 200 * 5)),
    "server timing": ([], {}, {"server_ns": 5 * MS}, 200 * 205 - (4 * 200 + 200 * 5)),
    "handshake": ([connect(0, 180 * MS)], {}, {}, 200 * 205 - (4 * 180 + 200 * 25)),
    "fastest call": ([], {}, {}, 200 * 205 - 4 * 205),
    "smaller batch": ([], {"rtt_ns": 200 * MS, "batch_size": 10}, {}, 200 * 205 - (20 * 200 + 200 * 5)),
}


@pytest.mark.parametrize("name", SAVINGS)
def test_savings_to_the_nanosecond(name):
    extra, facts, attrs, expected_ms = SAVINGS[name]
    spans = one_per_lead(200, **attrs) + extra
    (finding,) = found(spans, [HostFacts("portal.test", **facts)])
    assert finding.saving_ns == expected_ms * MS


def test_the_rate_limit_bounds_what_is_left():
    limit = HostFacts("portal.test", rtt_ns=200 * MS, batch_size=50, burst=50, per_second=2.0)
    spans = one_per_lead(200, duration_ns=205 * MS, gap_ns=170 * MS)
    (finding,) = found(spans, [limit])
    now = 200 * 205 + 199 * 170
    assert finding.saving_ns == (now - (4 * 200 + 200 * 5)) * MS
    assert "waiting for the rate limit" in finding.basis


def test_pauses_without_a_limit_are_the_programs_own():
    facts = HostFacts("portal.test", rtt_ns=200 * MS, batch_size=50)
    (finding,) = found(one_per_lead(200, gap_ns=170 * MS), [facts])
    assert finding.saving_ns == (200 * 205 - (4 * 200 + 200 * 5)) * MS


def test_opening_connections_is_no_service_time():
    spans = [request(n, 400 * MS, body={"filter": {"OWNER_ID": n}}) for n in range(10)]
    trace = trace_of(spans, [HostFacts("portal.test", rtt_ns=200 * MS, batch_size=50)])
    for called in list(trace.spans):
        opened = connect(called.start_ns, 195 * MS)
        opened.parent = called.id
        trace.spans.append(opened)
    (finding,) = check(trace)
    assert finding.saving_ns == 9 + 400 * MS - (200 * MS + 10 * 5 * MS)
