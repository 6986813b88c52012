import pytest

from perfkit.rules import View
from perfkit.rules.duplicate_request import check

from .traces import LOOP, MS, one_per_lead, request, span, trace_of

RATES = "http://h/rates?base=eur"


def found(spans):
    return check(View(trace_of(spans)))


def same(count, url=RATES, method="GET", step_ns=10 * MS, **facts):
    return [request(n * step_ns, 5 * MS, url, method=method, **facts) for n in range(count)]


def test_the_same_again_is_found_at_its_line():
    (finding,) = found(same(4))
    assert (finding.rule, finding.count, finding.site, finding.saving_ns) == ("PK104", 4, LOOP, 15 * MS)
    assert finding.evidence == ["4 equal requests"]


def test_calls_whose_name_reads():
    reads = "http://h/rest/1/tok/crm.lead.fields"
    (finding,) = found(same(4, reads, method="POST"))
    assert finding.rule == "PK104"
    assert found(same(4, "http://h/rest/1/tok/crm.lead.add", method="POST")) == []


SILENT = {
    "two": same(2),
    "different": one_per_lead(9),
    "written": same(5, method="PUT"),
    "posted": same(5, method="POST"),
    "refused": same(5, status=503),
    "failing": same(5, status=500),
    "not modified": same(1) + same(5, status=304),
    "polled": same(5, step_ns=500 * MS),
    "slept between": same(5) + [span("wait", n * 10 * MS + 6 * MS, MS, "time.sleep") for n in range(5)],
    "changed between": same(5)
    + [request(n * 10 * MS + 6 * MS, MS, f"http://h/items/{n}", method="DELETE") for n in range(5)],
    "other hosts": [request(n, 1, f"http://h{n}/rates", method="GET") for n in range(5)],
}


@pytest.mark.parametrize("spans", SILENT.values(), ids=SILENT.keys())
def test_what_is_right_stays_silent(spans):
    assert found(spans) == []
