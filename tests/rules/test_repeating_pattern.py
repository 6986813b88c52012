from perfkit.model import Frame
from perfkit.rules import View, check

from .traces import MS, queries, query, request, trace_of

A = "SELECT name FROM users WHERE id = ?"
B = "SELECT total FROM orders WHERE user_id = ?"
INSERT = "INSERT INTO log (id) VALUES (?)"
LINES = tuple(Frame("app/report.py", n, "report") for n in (10, 11, 12))


def rounds(count, *statements, step_ns=10 * MS, **facts):
    """``count`` rounds of the statements, each from a line of its own."""
    return [
        query(n * step_ns + place * MS, MS, sql, (n,), path=(LINES[place],), **facts)
        for n in range(count)
        for place, sql in enumerate(statements)
    ]


def found(spans):
    return check(trace_of(spans))


def test_two_taking_turns_are_one_finding_at_the_first():
    (finding,) = found(rounds(5, A, B))
    assert (finding.rule, finding.count, finding.site) == ("PK106", 5, LINES[0])
    assert finding.template == f"{A} | {B}"
    assert finding.spent_ns == 10 * MS
    assert finding.saving_ns == 8 * MS
    assert finding.evidence[0] == "5 rounds of 2 different calls, 10 calls in all"
    assert "app/report.py:11 in report" in finding.evidence[2]
    assert "SELECT id, name FROM users WHERE id IN (?, ...)" in finding.fix


def test_three_taking_turns():
    (finding,) = found(rounds(5, A, B, "SELECT 1 FROM flags WHERE user_id = ?"))
    assert finding.evidence[0] == "5 rounds of 3 different calls, 15 calls in all"


def test_reading_and_writing():
    (finding,) = found(rounds(5, A, INSERT))
    assert finding.rule == "PK106"
    assert "write log with one executemany" in finding.fix


def test_a_member_that_is_missing_in_some_rounds():
    spans = rounds(8, A, INSERT)
    (finding,) = found([s for s in spans if s.name == A or s.start_ns % (20 * MS) < 10 * MS])
    assert (finding.rule, finding.count) == ("PK106", 8)


def test_two_that_do_not_take_turns_are_two_findings():
    first, second = queries(5, A, path=LINES[:1]), queries(5, B, path=LINES[1:2])
    for s in second:
        s.start_ns += 10**12
        s.end_ns += 10**12
    assert [f.rule for f in found(first + second)] == ["PK101", "PK101"]


def test_an_inner_loop_is_another_loop():
    spans = []
    for n in range(4):
        spans.append(query(n * 100 * MS, MS, A, (n,), path=LINES[:1]))
        spans += [query((n * 100 + 10 * k + 10) * MS, MS, B, (n, k), path=LINES[1:2]) for k in range(5)]
    assert sorted((f.rule, f.count) for f in found(spans)) == [("PK101", 4), ("PK101", 20)]


def test_two_writes_are_two_row_by_row_writes():
    assert [f.rule for f in found(rounds(4, INSERT, "UPDATE t SET a = ? WHERE id = 1"))] == ["PK105", "PK105"]


def test_what_an_orm_loads_on_access_has_a_cure_of_its_own():
    spans = rounds(4, A, B)
    for s in spans:
        s.attrs["relation"] = "Order.customer" if s.name == A else "Order.items"
        s.attrs["library"] = "sqlalchemy"
    assert [f.rule for f in found(spans)] == ["PK101", "PK101"]


def test_of_two_of_which_one_is_the_same_each_time_each_has_its_rule():
    spans = rounds(5, A)
    spans += [query(n * 10 * MS + 5 * MS, MS, B, (1,), path=LINES[1:2]) for n in range(5)]
    assert sorted(f.rule for f in found(spans)) == ["PK101", "PK103"]


def test_rounds_spread_over_tasks():
    spans = rounds(6, A, B, step_ns=0)
    for place, s in enumerate(spans):
        s.start_ns, s.end_ns = place // 2 + 10 * (place % 2) * MS, place // 2 + (10 * (place % 2) + 9) * MS
        s.task = place // 2 + 1
    (finding,) = found(spans)
    assert finding.rule == "PK106"
    assert "up to 6 rounds at once" in finding.evidence


def test_calls_of_one_host_take_turns_and_those_of_two_do_not():
    def calls(host):
        return [
            s
            for n in range(4)
            for s in (
                request(n * 10 * MS, MS, f"http://a/users/{n}", method="GET", path=LINES[:1]),
                request(n * 10 * MS + 2 * MS, MS, f"http://{host}/orders/{n}", method="GET", path=LINES[1:2]),
            )
        ]

    assert [f.rule for f in found(calls("a"))] == ["PK106"]
    assert [f.rule for f in found(calls("b"))] == ["PK102", "PK102"]


def test_what_is_done_for_each_job_of_a_queue_is_right():
    take = "SELECT id FROM jobs WHERE state = 'new' LIMIT 1 FOR UPDATE SKIP LOCKED"
    spans = []
    for n in range(6):
        spans.append(query(n * 10 * MS, MS, take, None, path=LINES[:1]))
        spans.append(query(n * 10 * MS + 2 * MS, MS, A, (n,), path=LINES[1:2]))
        spans.append(
            query(n * 10 * MS + 4 * MS, MS, "UPDATE jobs SET a = 1 WHERE id = ?", (n,), path=LINES[2:])
        )
    assert found(spans) == []


def test_a_queue_is_known_without_locks_too():
    take = "SELECT id FROM jobs WHERE state = ? ORDER BY id LIMIT ?"
    done, other = "UPDATE jobs SET state = ? WHERE id = ?", "UPDATE users SET seen = ? WHERE id = ?"

    def work(write):
        return [
            made
            for n in range(6)
            for made in (
                query(n * 10 * MS, MS, take, ("new", 1), path=LINES[:1], rows=1),
                query(n * 10 * MS + 4 * MS, MS, write, ("done", n), path=LINES[2:]),
            )
        ]

    assert found(work(done)) == []
    assert "PK105" in [finding.rule for finding in found(work(other))]


def test_the_same_row_read_by_two_members_is_said():
    other = Frame("app/report.py", 13, "report")
    spans = rounds(4, A, B)
    spans += [query(n * 10 * MS + 5 * MS, MS, A, (n,), path=(other,)) for n in range(4)]
    (finding,) = found(spans)
    assert "2 of them ask with the same parameters: read the row once" in finding.evidence


def test_the_patterns_of_a_view_are_left_as_they_are():
    view = View(trace_of(rounds(4, A, B)))
    assert [[loop.template for loop in members] for members in view.patterns] == [[A, B]]
    assert len(view.in_patterns) == 2
