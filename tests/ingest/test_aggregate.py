"""Findings of many traces as rows."""

from perfkit.ingest.aggregate import Rows
from perfkit.ingest.left_out import LeftOut
from perfkit.model import Finding, Frame


def finding(
    count=5, spent=100, saving=50, template="SELECT ?", place="GET /", site=None, span_ids=(), rule="PK101"
):
    return Finding(
        rule,
        "n-plus-one-query",
        template,
        count,
        spent,
        site,
        (site,) if site else (),
        saving,
        "unknown: why" if saving is None else f"{count} calls",
        [f"{count} queries"],
        "fix",
        list(span_ids),
        place,
    )


def rows(*found, **options):
    """(count, spent, saving, traces) of each row, of findings in traces of their own."""
    made = Rows(LeftOut(), **options)
    for number, one in enumerate(found):
        made.add([one], f"t{number}", "")
    return made.findings()


def test_the_same_problem_in_many_traces_is_one_row():
    (row,) = rows(finding(5, 100, 50), finding(9, 300, 200), finding(6, 90, None))
    assert (row.count, row.spent_ns, row.saving_ns, row.traces) == (20, 490, 250, 3)
    assert row.basis == "the sum over 3 traces; in the costliest: 9 calls"
    assert row.evidence == ["in 3 traces, up to 9 times in one; the costliest: t1", "9 queries"]
    assert (row.place, row.span_ids, row.fix) == ("GET /", [], "fix")


def test_one_trace_is_named():
    (row,) = rows(finding())
    assert (row.basis, row.evidence, row.traces) == ("5 calls", ["in trace t0", "5 queries"], 1)


def test_a_saving_that_is_never_known_stays_unknown():
    (row,) = rows(finding(saving=None, spent=5), finding(saving=None, spent=9))
    assert (row.saving_ns, row.basis, row.spent_ns) == (None, "unknown: why", 14)
    (row,) = rows(finding(5, saving=None, spent=900), finding(7, saving=1, spent=9))
    assert (row.saving_ns, row.basis) == (1, "the sum over 2 traces; in the costliest: 7 calls")


def test_several_in_one_trace_are_one_trace():
    made = Rows(LeftOut())
    made.add([finding(), finding(7)], "t", "")
    (row,) = made.findings()
    assert (row.count, row.traces, row.evidence[0]) == (12, 1, "in trace t")


def test_other_places_templates_and_rules_are_other_rows():
    different = [
        finding(),
        finding(place="POST /"),
        finding(template="SELECT a"),
        finding(rule="PK103"),
        finding(site=Frame("a.py", 1, "f")),
        finding(site=Frame("b.py", 1, "f")),
    ]
    assert len(rows(*different)) == 6
    assert len(rows(finding(site=Frame("a.py", 1, "f")), finding(site=Frame("a.py", 9, "f")))) == 1


def test_services_are_apart():
    made = Rows(LeftOut())
    for service in ("shop", "front", "shop", ""):
        made.add([finding()], "t", service)
    assert {row.place: row.count for row in made.findings()} == {
        "shop: GET /": 10,
        "front: GET /": 5,
        "GET /": 5,
    }


def test_the_costliest_come_first_in_the_same_order_each_time():
    found = [finding(saving=5, template=t) for t in "ab"] + [
        finding(saving=9, template="c"),
        finding(saving=None),
    ]
    assert [row.template for row in rows(*found)] == ["c", "a", "b", "SELECT ?"]
    assert [row.template for row in rows(*reversed(found))] == ["c", "a", "b", "SELECT ?"]


def test_per_trace():
    found = rows(finding(), finding(7), finding(6), per_trace=True)
    assert sorted((row.count, row.traces, row.evidence[0]) for row in found) == [
        (5, 1, "in trace t0"),
        (6, 1, "in trace t2"),
        (7, 1, "in trace t1"),
    ]


def test_only_the_costliest_are_kept():
    noted = LeftOut()
    made = Rows(noted, max_rows=10)
    for number in range(45):
        made.add([finding(template=f"t{number:02}", saving=number)], "t", "")
        assert len(made._rows) <= 21
    assert [row.saving_ns for row in made.findings()] == list(range(44, 34, -1))
    assert noted.losses() == ["left out: 35 findings beyond the 10 costliest"]


def test_sums_stay_numbers_that_can_be_stored():
    (row,) = rows(*(finding(spent=2**61, saving=2**61) for _ in range(9)))
    assert row.spent_ns == row.saving_ns == 2**62
