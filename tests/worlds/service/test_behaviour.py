import pytest

from perfkit.errors import UsageError
from perfkit.sim.distributions import Constant, Exponential, draw_ns, share_of
from perfkit.worlds.service.behaviour import Behaviour, behaviour, inherited
from perfkit.worlds.service.limits import Gate, retry_after_s

MS = 1_000_000


def test_costs():
    assert behaviour({"service_ms": 30, "per_row_ms": 0.1}).service_ns(1, "a", 1, rows=20) == 32 * MS
    drawn = behaviour({"service": Exponential(5 * MS), "per_row_ms": 1})
    assert drawn.service_ns(3, "a", 17, rows=2) == draw_ns(Exponential(5 * MS), 3, "a", 17) + 2 * MS
    assert behaviour({}) == Behaviour()


def test_a_route_inherits_what_holds_for_each_request():
    service = {"service": Constant(1), "per_row_ms": 2, "workers": 3, "per_second": 4, "errors": [5]}
    assert inherited(service, {}) == {"service": Constant(1), "per_row_ms": 2, "errors": [5]}
    assert inherited(service, {"service_ms": 7, "workers": 1}) == {
        "service_ms": 7,
        "per_row_ms": 2,
        "errors": [5],
        "workers": 1,
    }


def test_faults_by_number():
    how = behaviour({"errors": [2], "resets": (3,), "hangs": {4}})
    assert [how.fault(1, "a", number) for number in range(1, 6)] == ["", "error", "reset", "hang", ""]


def test_faults_by_share_are_drawn_once_for_all_kinds():
    how = behaviour({"errors": 0.1, "resets": 0.2, "hangs": 0.3})
    for number in range(500):
        luck = share_of(7, "a/faults", number)
        expected = "error" if luck < 0.1 else "reset" if luck < 0.3 else "hang" if luck < 0.6 else ""
        assert how.fault(7, "a", number) == expected


def test_no_faults_and_all_faults():
    assert behaviour({"errors": 0, "hangs": 0.0}).faults == ()
    assert {behaviour({"resets": 1}).fault(1, "a", number) for number in range(50)} == {"reset"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"service_ms": -1}, "service_ms=-1: give milliseconds"),
        ({"service_ms": "3"}, "service_ms='3'"),
        ({"service_ms": float("nan")}, "service_ms=nan"),
        ({"service": 30}, "service=30 is no distribution; for milliseconds use service_ms="),
        ({"service": Constant(1), "service_ms": 1}, "give one"),
        ({"per_row_ms": True}, "per_row_ms=True"),
        ({"workers": 0}, "workers=0"),
        ({"workers": 1.5}, "workers=1.5"),
        ({"per_second": 0}, "per_second=0"),
        ({"burst": 5}, "burst= needs per_second="),
        ({"per_second": 1, "burst": 0}, "burst=0"),
        ({"max_in_flight": -2}, "max_in_flight=-2"),
        ({"refuse_with": 404}, "refuse_with=404: give 429"),
        ({"errors": 1.5}, "errors=1.5"),
        ({"errors": [0]}, r"errors=\[0\]"),
        ({"errors": "12"}, "errors='12'"),
        ({"errors": 0.6, "hangs": 0.5}, "add up to 1.1"),
        ({"worker": 1}, "Did you mean 'workers'"),
    ],
)
def test_wrong_options(options, says):
    with pytest.raises(UsageError, match=says):
        behaviour(options)


def passes(gate, now_ns):
    wait_ns = gate.wait_ns(now_ns)
    if not wait_ns:
        gate.enter(now_ns)
    return wait_ns


def test_the_rate_is_exact():
    gate = Gate(Behaviour(per_second=10.0, burst=3))
    assert [passes(gate, 0) for _ in range(5)] == [0, 0, 0, 100 * MS, 100 * MS]
    assert passes(gate, 99 * MS) == MS
    assert passes(gate, 100 * MS) == 0
    assert passes(gate, 100 * MS) == 100 * MS
    assert [passes(gate, 10_000 * MS) for _ in range(4)] == [0, 0, 0, 100 * MS]


def test_in_flight():
    gate = Gate(Behaviour(max_in_flight=2))
    assert [passes(gate, 0) for _ in range(3)] == [0, 0, 1_000 * MS]
    gate.leave()
    assert passes(gate, 0) == 0
    assert gate.peak_in_flight == 2


def test_retry_after_counts_whole_seconds_up():
    assert [retry_after_s(ns) for ns in (1, 1_000 * MS, 1_000 * MS + 1)] == ["1", "1", "2"]
