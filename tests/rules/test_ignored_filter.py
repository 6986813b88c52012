import asyncio
import sqlite3
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

import perfkit
from perfkit.bench.discovery import load_file
from perfkit.bench.measure import Job, measure
from perfkit.model import Frame
from perfkit.probes.http import dropped_filters
from perfkit.rules import Limits, check
from perfkit.worlds.bitrix24.app import make_app
from perfkit.worlds.bitrix24.portal import WEBHOOK_PATH, Portal, PortalConfig
from tests.rules.traces import LOOP, MS, query, request, trace_of

SCENARIO = Path(__file__).parent.parent.parent / "scenarios" / "leads.py"
HELPER = Frame("app/client.py", 9, "call")
OTHER = Frame("app/leads.py", 60, "others")


def found(spans, limits=None):
    return [finding for finding in check(trace_of(spans), limits or Limits()) if finding.rule == "PK302"]


# A service that says so


def dropped(start_ns, keys=("FILTER",), path=(HELPER, LOOP), method="crm.activity.list", **facts):
    url = f"http://portal.test/rest/1/tok/{method}"
    body = facts.pop("body", {"filter": {"FILTER": [1, 2]}})
    return request(start_ns, 200 * MS, url, body, path=path, dropped=list(keys), **facts)


def other(start_ns):
    """A request through the same helper."""
    return request(start_ns, MS, "http://portal.test/rest/1/tok/crm.lead.list", path=(HELPER, OTHER))


def test_what_the_service_says_it_dropped():
    spans = [
        dropped(0),
        dropped(300 * MS, keys=("FILTER", "LOGIC")),
        request(600 * MS, MS, path=(HELPER, OTHER)),
    ]
    spans[2].name = "POST portal.test/rest/crm.lead.list"
    (finding,) = found(spans)
    assert (finding.name, finding.count, finding.spent_ns) == ("ignored-filter", 2, 400 * MS)
    assert finding.site == LOOP  # the helper serves others, too
    assert finding.template.startswith("POST portal.test/rest/{user}/{token}/crm.activity.list {filter:")
    assert finding.evidence == [
        "the service dropped FILTER, LOGIC without a word, and answered as if nothing had been asked by it"
    ]
    assert "FILTER, LOGIC had no effect" in finding.fix
    assert (finding.saving_ns, finding.basis[:8]) == (None, "unknown:")


def test_two_places_are_two_findings():
    assert {f.site for f in found([dropped(0, path=(LOOP,)), dropped(300 * MS, path=(OTHER,))])} == {
        LOOP,
        OTHER,
    }


@pytest.mark.parametrize("path", [(Frame("app/client.py", 30, "batch"), LOOP), ()])
def test_further_pages_in_batches_belong_to_their_request(path):
    body = {"halt": 0, "cmd": {"c0": "crm.activity.list?filter[FILTER][0]=1&start=50"}}
    pages = dropped(300 * MS, method="batch", body=body)
    pages.path = path
    assert pages.attrs["batch"]
    (finding,) = found([dropped(0), pages, other(600 * MS)])
    assert (finding.count, finding.site) == (2, LOOP)


def test_a_batch_by_itself():
    body = {"halt": 0, "cmd": {"c0": "crm.activity.list?filter[FILTER][0]=1"}}
    (finding,) = found([dropped(0, path=(LOOP,), method="batch", body=body)])
    assert (finding.count, finding.site) == (1, LOOP)


@pytest.mark.parametrize(
    ("header", "keys"),
    [
        ('portal;dur=12.000, dropped-filter;desc="LOGIC FILTER"', ["LOGIC", "FILTER"]),
        ('dropped-filter;desc="LOGIC LOGIC %3E%3DFROM"', ["LOGIC", ">=FROM"]),
        ('dropped-filter;desc="s3cr3t-4f7a9c21e8b"', ["?"]),
        ('dropped-filter;desc=""', []),
        ("dropped-filter;dur=5", []),
        ("app;dur=5", []),
    ],
)
def test_the_header_of_the_mock_portal(header, keys):
    assert dropped_filters(header) == keys


def test_the_portal_tells_the_probe():
    async def main():
        runner = web.AppRunner(make_app(Portal(PortalConfig(leads=20))))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        base = f"http://127.0.0.1:{runner.addresses[0][1]}{WEBHOOK_PATH}"
        with perfkit.record() as rec:
            async with aiohttp.ClientSession() as session:
                for method, body in (
                    ("crm.lead.list", {"filter": {"ID": 5}}),
                    ("crm.lead.list", {"filter": {"ID": 5, "LOGIC": "OR", "a\r\nb": 1, "x" * 9000: 2}}),
                    ("batch", {"cmd": ["crm.lead.list?filter[LOGIC]=1", "crm.lead.list?filter[NOPE]=1"]}),
                ):
                    async with session.post(base + method, json=body) as answer:
                        assert answer.status == 200
                        await answer.read()
        await runner.cleanup()
        return rec

    rec = asyncio.run(main())
    spans = rec.trace.of_kind("request")
    assert [span.attrs.get("dropped") for span in spans] == [None, ["LOGIC", "?"], ["LOGIC", "NOPE"]]
    assert all(span.attrs["server_ns"] > 0 for span in spans)
    (finding,) = [finding for finding in rec.findings() if finding.rule == "PK302"]
    assert finding.span_ids == [span.id for span in spans[1:]]


def test_the_scenario_shows_it_where_it_is_and_nowhere_else():
    (leads,) = load_file(SCENARIO)
    source = SCENARIO.read_text(encoding="utf-8").splitlines()
    published = set()
    for strategy in leads.strategies:
        job = Job(str(SCENARIO), leads.name, "own-200ms", strategy, 20, (1,), "virtual", 10**15)
        measured = measure(leads, job)
        assert measured.cell.status == "ok"
        for finding in measured.cell.findings:
            if finding.rule == "PK302":
                published.add(strategy)
                assert '"crm.activity.list", published_filter(chunk)' in source[finding.site.line - 1]
                assert finding.evidence[0].startswith("the service dropped FILTER, LOGIC ")
    assert published == {"as_published", "fast_bitrix24.as_published"}


# A service that does not


def get(number, query_="", received=5000, path=(LOOP,), **facts):
    url = f"http://shop.test/orders{query_}"
    return request(number * 100 * MS, 50 * MS, url, method="GET", path=path, bytes_received=received, **facts)


def by_status(**facts):
    return [get(n, f"?status={value}", **facts) for n, value in enumerate(("new", "paid", "sent"))]


def test_as_much_as_without_the_filter():
    (finding,) = found([*by_status(), get(9, path=(OTHER,))])
    assert (finding.count, finding.site, finding.spent_ns) == (3, LOOP, 150 * MS)
    assert finding.evidence == [
        "5,000 bytes for each of 3 different values of status",
        "the same call without it gives as much",
    ]
    assert finding.fix.startswith("Check status: ")


def test_as_much_for_a_few_as_for_many():
    spans = [
        request(n * MS, MS, "http://shop.test/find", {"ids": ids}, bytes_received=7000)
        for n, ids in enumerate(([1, 2, 3, 4], [5, 6, 7, 8], [9]))
    ]
    (finding,) = found(spans)
    assert finding.evidence[1] == "for 1 values as much as for 4"


RIGHT = {
    "nobody asked without the filter": by_status(),
    "without it there is more": [*by_status(), get(9, received=9000)],
    "the answers differ": [*by_status()[:2], get(2, "?status=sent", 4999), get(9)],
    "small answers": [*by_status(received=999), get(9, received=999)],
    "two values": [*by_status()[:2], get(9)],
    "one value again and again": [*[get(n, "?status=new") for n in range(4)], get(9)],
    "errors": [*by_status(status=404), get(9, status=404)],
    "pages": [*[get(n, f"?page={n}") for n in range(3)], get(9)],
    "pages of a size": [*[get(n, f"?limit=50&status={n}") for n in range(3)], get(9, "?limit=50")],
    "what is sorted": [*[get(n, f"?sort={by}") for n, by in enumerate("abc")], get(9)],
    "languages": [*[get(n, f"?lang={by}") for n, by in enumerate(("de", "en", "fr"))], get(9)],
    "by key": [*[get(n, f"?filter[>ID]={n}") for n in range(3)], get(9)],
    "one thing by its id": [get(n, f"/{n}") for n in range(5)],
    "another call without it": [
        *by_status(),
        request(9 * MS, MS, "http://shop.test/users", bytes_received=5000),
    ],
    "another filter beside it": [*by_status(), get(9, "?shop=5")],
    "chunks of a list": [
        request(n * MS, MS, "http://shop.test/find", {"ids": [n, n + 1, n + 2]}, bytes_received=7000)
        for n in range(4)
    ],
    "sizes that are not known": [get(n, f"?status={n}", None) for n in range(4)],
}


@pytest.mark.parametrize("spans", RIGHT.values(), ids=RIGHT)
def test_what_is_right(spans):
    assert found(spans) == []


# A database

ALL = "SELECT id, name FROM orders"
FILTERED = f"{ALL} WHERE status = ? OR 1 = 1"


def filtered(sql=FILTERED, rows=500, count=3, **facts):
    return [query(n * 10 * MS, MS, sql, (n,), rows=rows, **facts) for n in range(count)]


def whole(rows=500, sql=ALL, **facts):
    return query(900 * MS, MS, sql, (), rows=rows, path=(OTHER,), **facts)


def test_a_condition_that_every_row_meets():
    (finding,) = found([*filtered(), whole()])
    assert (finding.count, finding.site) == (3, LOOP)
    assert finding.evidence == ["500 rows for each of 3 different parameters: all rows of orders"]


RIGHT_QUERIES = {
    "the table was not read whole": filtered(),
    "the table has more": [*filtered(), whole(501)],
    "another table": [*filtered(), whole(sql="SELECT id FROM users")],
    "another database": [*filtered(), whole(database="archive")],
    "few rows": [*filtered(rows=99), whole(99)],
    "two values": [*filtered(count=2), whole()],
    "rows differ": [*filtered(), *filtered(rows=400, count=1), whole()],
    "a range": [*filtered(f"{ALL} WHERE created <= ?"), whole()],
    "a page": [*filtered(f"{ALL} WHERE status = ? LIMIT ?"), whole()],
    "a page of all": [*filtered(), whole(sql=f"{ALL} LIMIT ?")],
    "a sum": [*filtered("SELECT a, count(*) FROM orders WHERE status = ? GROUP BY a"), whole()],
    "a join": [*filtered(f"{ALL} JOIN users ON users.id = orders.user_id WHERE users.a = ?"), whole()],
}


@pytest.mark.parametrize("spans", RIGHT_QUERIES.values(), ids=RIGHT_QUERIES)
def test_queries_that_are_right(spans):
    assert found(spans) == []


def test_sqlite3():
    with perfkit.record() as rec:
        db = sqlite3.connect(":memory:")
        db.execute("CREATE TABLE t (a text, b int)")
        db.executemany("INSERT INTO t VALUES (?, ?)", [("x", n) for n in range(150)])
        for kind in ("x", "y", "z"):
            assert len(db.execute("SELECT b FROM t WHERE a = ? OR 1", (kind,)).fetchall()) == 150
        assert len(db.execute("SELECT a, b FROM t").fetchall()) == 150
        db.close()
    assert [finding.rule for finding in rec.findings() if finding.rule == "PK302"] == ["PK302"]
