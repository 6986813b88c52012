from perfkit.sim import Link
from perfkit.worlds import fine_timers
from perfkit.worlds.link import Delivered, measure


def test_quantiles():
    delivered = Delivered(10, tuple(range(100, 0, -1)))
    assert delivered.quantile_ns(0.5) == 51
    assert delivered.quantile_ns(0.99) == 100
    assert delivered.quantile_ns(1) == 100


def test_a_link_is_measured():
    delivered = fine_timers.run(lambda: measure(Link(rtt_ns=2_000_000), trips=7))
    assert delivered.asked_ns == 2_000_000
    assert len(delivered.trips_ns) == 7
    assert min(delivered.trips_ns) >= 1_990_000  # it may be late, and never early
    assert str(delivered).startswith("asked 2.00 ms, delivers ")


def test_as_many_as_half_a_second_has_room_for():
    assert len(fine_timers.run(lambda: measure(Link(rtt_ns=60_000_000))).trips_ns) == 8
    assert len(fine_timers.run(lambda: measure(Link())).trips_ns) == 50
