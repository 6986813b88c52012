from perfkit.model import Finding, Frame
from perfkit.rules.merging import merged

SITE = Frame("app.py", 3, "page")


def finding(count, saving_ns=None, site=SITE, **facts):
    return Finding("PK101", "n", "SELECT ?", count, 10 * count, site, saving_ns=saving_ns, **facts)


def test_one_stays_as_it_is():
    one = finding(3)
    assert merged([one]) == [one]
    assert merged([one])[0] is one


def test_of_one_line_counts_and_times_are_sums():
    first = finding(3, 20, basis="a", evidence=["x"], span_ids=[1])
    second = finding(9, 50, basis="b", evidence=["y"], span_ids=[2, 3])
    (whole,) = merged([first, second])
    assert (whole.count, whole.spent_ns, whole.saving_ns) == (12, 120, 70)
    assert whole.basis == "of the costliest of 2: b"
    assert whole.evidence == ["2 times over, up to 9 calls in one", "y"]
    assert whole.span_ids == [1, 2, 3]
    assert (first.count, second.count) == (3, 9)


def test_what_is_unknown_in_all_stays_unknown():
    assert merged([finding(3), finding(4)])[0].saving_ns is None
    assert merged([finding(3), finding(4, 5)])[0].saving_ns == 5


def test_other_lines_are_other_findings():
    other = Frame("app.py", 4, "page")
    assert len(merged([finding(3), finding(3, site=other), finding(3, place="GET /")])) == 3
