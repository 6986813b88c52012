import asyncio

import aiohttp
import pytest
import requests
from urllib3.util import Retry

import perfkit
from perfkit.model import Frame, HostFacts, Span
from perfkit.rules import Limits, View
from perfkit.rules.throttled import check
from tests.probes.server import serve

from .traces import HELPER, LOOP, MS, request, trace_of

OTHER = Frame("app/mails.py", 7, "send")


@pytest.fixture(scope="module")
def server():
    with serve() as running:
        yield running


def found(spans, hosts=(), **limits):
    return check(View(trace_of(spans, hosts), Limits(**limits)))


def refused(start_ms, length_ms=10, number=1, status=429, **more):
    body = {"filter": {"ID": number}}
    return request(start_ms * MS, length_ms * MS, body=body, status=status, **more)


def answered(start_ms, length_ms=10, number=1, **more):
    return request(start_ms * MS, length_ms * MS, body={"filter": {"ID": number}}, **more)


def test_three_refusals_of_one_call():
    spans = [refused(0), refused(110, retry=1), refused(220, retry=2), answered(330, retry=3)]
    (finding,) = found(spans)
    assert (finding.rule, finding.name, finding.count) == ("PK402", "throttled", 3)
    assert (finding.site, finding.path) == (LOOP, (LOOP,))
    assert finding.template == "429 POST portal.test/rest/{user}/{token}/crm.activity.list"
    assert finding.spent_ns == 330 * MS  # the attempts, and the pauses before the next
    assert finding.evidence == [
        "3 of 4 requests to this host were refused: 3 x 429",
        "3 were sent again",
    ]
    assert finding.span_ids == [1, 2, 3]


def test_once_or_twice_is_what_retrying_is_for():
    assert found([refused(0), refused(20, retry=1), answered(40, retry=2)]) == []
    assert found([refused(0, status=503), answered(40, retry=1)]) == []
    assert len(found([refused(0), answered(40, retry=1)], min_refused=1)) == 1


def test_calls_between_are_no_retries_of_others():
    spans = [
        call for n in range(3) for call in (refused(100 * n, number=n), answered(100 * n + 50, number=n))
    ]
    (finding,) = found(spans)
    assert finding.spent_ns == 3 * 50 * MS
    (finding,) = found([refused(100 * n, number=n) for n in range(3)])
    assert finding.spent_ns == 3 * 10 * MS  # nobody sent them again
    assert finding.evidence == ["3 of 3 requests to this host were refused: 3 x 429"]


def test_waiting_at_once_counts_once():
    spans = [refused(0, number=n) for n in range(5)] + [answered(100, number=n) for n in range(5)]
    (finding,) = found(spans)
    assert finding.spent_ns == 100 * MS
    spans = [refused(n) for n in range(5)]  # equal, at once: none is the retry of another
    (finding,) = found(spans)
    assert finding.spent_ns == 14 * MS


def test_each_host_and_each_scope_by_itself():
    elsewhere = [request(n * MS, MS, url="http://b.test/x", status=429) for n in range(2)]
    assert found([*elsewhere, refused(10), refused(20)]) == []
    spans = [refused(10 * n, 1) for n in range(4)]
    entries = [Span(0, None, "span", "GET /", n * MS, 10**9, attrs={"entry": True}) for n in (-2, -1)]
    trace = trace_of([*entries, *spans])
    for n, span in enumerate(spans):
        span.parent = 1 + n % 2
    assert check(View(trace)) == []


def test_a_host_that_is_down_throttles_nobody():
    down = [refused(10 * n, 1, number=n, status=503) for n in range(5)]
    assert found(down) == []
    assert len(found([*down, answered(100)])) == 1
    assert len(found([*down, refused(100)])) == 1


def test_the_place_that_is_refused_most_often():
    spans = [refused(10 * n, 1, number=n, path=(OTHER,)) for n in range(2)]
    spans += [refused(100 + 10 * n, 1, number=n, path=(HELPER, LOOP)) for n in range(3)]
    (finding,) = found(spans)
    assert finding.site == HELPER
    assert finding.evidence[-1] == "from 2 places; this is the one refused most often"


def test_the_saving_where_the_limit_is_known():
    facts = HostFacts("portal.test", burst=50, per_second=2.0, batch_size=50)
    # 54 calls may take 2 s; they took 5 s, of which 2 x 0.5 s after refusals
    calls = [answered(10 * n, number=n) for n in range(51)]
    calls += [refused(1000, number=51), refused(1100, number=51, retry=1), answered(1500, number=51, retry=2)]
    calls += [refused(2000, number=52), answered(2500, number=52, retry=1), answered(4990, number=53)]
    (finding,) = found(calls, [facts])
    assert (finding.count, finding.spent_ns, finding.saving_ns) == (3, 1000 * MS, 1000 * MS)
    assert finding.basis == (
        "54 calls take 2 s at the limit (50 at once, then 2 a second); now 5 s, "
        "of which 1 s refused attempts and what they waited"
    )
    assert "after 50 at once, no faster than 2 a second" in finding.fix
    assert "up to 50 in one batch request" in finding.fix
    (finding,) = found(calls, [HostFacts("portal.test", burst=46, per_second=2.0)])
    assert finding.saving_ns == 1000 * MS
    (finding,) = found(calls, [HostFacts("portal.test", burst=45, per_second=2.0)])
    assert finding.saving_ns == 500 * MS  # the limit itself takes 4.5 s
    (finding,) = found(calls, [HostFacts("portal.test", burst=2, per_second=2.0)])
    assert finding.saving_ns == 0


def test_the_saving_where_the_limit_is_unknown():
    (finding,) = found([refused(100 * n, number=n) for n in range(3)])
    assert finding.saving_ns is None
    assert finding.basis.startswith("unknown: what the host allows is not known")
    assert finding.fix.startswith("Send requests to portal.test no faster than it allows")


def test_requests_without_refusals():
    assert found([answered(10 * n, number=n) for n in range(9)]) == []


# The libraries themselves


def test_a_loop_that_insists(server):
    def main():
        with requests.Session() as session:
            while session.get(f"{server.url}/unavailable/4", timeout=5).status_code != 200:
                pass

    with perfkit.record() as rec:
        main()
    (finding,) = check(View(rec.trace))
    assert (finding.count, finding.site.line) == (4, main.__code__.co_firstlineno + 2)
    assert finding.evidence[0] == "4 of 5 requests to this host were refused: 4 x 503"


def test_retries_of_an_adapter(server):
    retry = Retry(total=5, backoff_factor=0, status_forcelist=[429], respect_retry_after_header=False)
    with perfkit.record() as rec, requests.Session() as session:
        session.mount("http://", requests.adapters.HTTPAdapter(max_retries=retry))
        with pytest.raises(requests.exceptions.RetryError):
            session.get(f"{server.url}/status/429", timeout=5)
    (finding,) = check(View(rec.trace))
    assert finding.count == 6


def test_gathered_calls_and_a_patient_one(server):
    async def main(count):
        async with aiohttp.ClientSession() as session:

            async def call(number):
                async with session.get(f"{server.url}/status/429?n={number}") as response:
                    await response.read()

            await asyncio.gather(*map(call, range(count)))

    for count, expected in ((2, []), (6, [6])):
        with perfkit.record() as rec:
            asyncio.run(main(count))
        assert [finding.count for finding in check(View(rec.trace))] == expected
