import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.sim import Link, run
from perfkit.sim.distributions import Constant, Uniform, share_of
from perfkit.sim.wires import FIRST_RTO_NS, LEAST_RTO_NS, SEGMENT_BYTES, Wire, _resending_ns, wires
from tests.sim.support import HOST, MS, fetch, network, now_ns, pair, service, serving, session

RTT_NS = 20 * MS


def test_a_wire_keeps_order_and_takes_its_time():
    wire = Wire(latency_ns=10, bandwidth=1e9)
    assert [wire.put(0, 100), wire.put(0, 50), wire.put(1000, 1)] == [110, 160, 1011]
    assert wire.waiting_bytes(1000) == 1
    assert Wire(latency_ns=7, bandwidth=None).put(3, 10**9) == 10


def test_a_steady_link_gives_plain_wires_that_add_up_to_its_round_trip():
    there, back = wires(Link(rtt_ns=7), 0, "any")
    assert type(there) is type(back) is Wire
    assert there.latency_ns + back.latency_ns == 7


def test_jitter_comes_on_top_of_each_way():
    async def main():
        async with serving(service(0)), session() as client:
            for _ in range(10):
                await fetch(client)
            return now_ns()

    assert run(main, network=network(rtt_ns=RTT_NS, jitter=Constant(MS))) == 11 * (RTT_NS + 2 * MS)


def arrivals(seed, connections=1):
    """When each of many small messages arrives that are sent a millisecond apart, and what was in them."""

    async def main():
        for _ in range(connections):
            server, client, far = await pair()
            server.close()
        far.events.clear()
        start = now_ns()
        for i in range(200):
            client.transport.write(i.to_bytes(2))
            await asyncio.sleep(0.001)
        await asyncio.sleep(100)
        return [event[0] - start for event in far.events], far.data

    return run(main, network=network(rtt_ns=RTT_NS, seed=seed, jitter=Uniform(0, 50 * MS)))


def test_messages_vary_but_never_overtake_each_other():
    times, data = arrivals(seed=1)
    assert data == b"".join(i.to_bytes(2) for i in range(200))
    assert times == sorted(times)
    late = [when - RTT_NS // 2 - i * MS for i, when in enumerate(times)]
    assert min(late) >= 0
    assert len(set(late)) > 50


def test_the_seed_and_the_number_of_the_connection_settle_the_luck():
    first = arrivals(seed=1)
    assert arrivals(seed=1) == first
    assert arrivals(seed=2) != first
    assert arrivals(seed=1, connections=2) != first


def test_luck_is_the_same_whatever_else_is_sent():
    link = Link(rtt_ns=10, jitter=Uniform(0, 1000))
    alone, _ = wires(link, 5, "api 1")
    delays = [alone.put(10_000 * i, 1) - 10_000 * i for i in range(20)]
    again, _ = wires(link, 5, "api 1")
    other, back = wires(link, 5, "api 2")
    for i in range(20):
        other.put(i, 10**6)
        back.put(i, 1)
        assert again.put(10_000 * i, 1) - 10_000 * i == delays[i]


def test_a_lost_message_waits_for_the_timer_and_a_long_one_for_a_round_trip():
    link, seed = Link(rtt_ns=RTT_NS, loss=0.3), 3
    expected = {
        1: lambda share: _resending_ns(0.3, 1, share, RTT_NS + LEAST_RTO_NS),
        10 * SEGMENT_BYTES: lambda share: _resending_ns(0.3, 10, share, RTT_NS),
    }
    for size, delay_ns in expected.items():
        wire, _ = wires(link, seed, "api 1")
        for number in range(50):
            sent_ns = number * 100_000 * MS
            share = share_of(seed, "api 1 > loss", number)
            assert wire.put(sent_ns, size) == sent_ns + RTT_NS // 2 + delay_ns(share)


def test_losing_again_waits_twice_as_long():
    assert _resending_ns(0.5, 1, 0.5, 100) == 0
    assert _resending_ns(0.5, 1, 0.49, 100) == 100
    assert _resending_ns(0.5, 1, 0.24, 100) == 300
    assert _resending_ns(0.5, 1, 0.12, 100) == 700


@given(st.floats(0.001, 0.5), st.integers(1, 45))
def test_the_share_of_late_messages_is_that_of_lost_segments(loss, segments):
    shares = [(i + 0.5) / 10_000 for i in range(10_000)]
    late = sum(_resending_ns(loss, segments, share, 1) > 0 for share in shares) / 10_000
    assert late == pytest.approx(1 - (1 - loss) ** segments, abs=1e-3)


def test_a_lost_first_segment_costs_a_second():
    link = Link(rtt_ns=RTT_NS, loss=0.5)
    waits = []
    for number in range(100):
        wire, _ = wires(link, 0, f"api {number}")
        waits.append(wire.put_first(0) - RTT_NS // 2)
    assert {wait % FIRST_RTO_NS for wait in waits} == {0}
    assert 35 < waits.count(0) < 65
    assert 3 * FIRST_RTO_NS in waits


def test_a_lossy_download_is_complete_and_late():
    async def main():
        async with serving(service(0)), session() as client:
            for i in range(100):
                assert await fetch(client, f"/{i}") == f"/{i}"
            return now_ns()

    took = run(main, network=network(rtt_ns=RTT_NS, loss=0.02))
    clean = 101 * RTT_NS
    assert (took - clean) % (RTT_NS + LEAST_RTO_NS) == 0
    assert took > clean


def test_luck_stays_with_the_host():
    """A second host on the network does not change what the first one meets."""

    def times(with_other):
        net = network(rtt_ns=RTT_NS, seed=4, jitter=Uniform(0, 10 * MS))
        net.connect_host("other.example", Link(rtt_ns=RTT_NS, jitter=Uniform(0, 10 * MS)))

        async def main():
            seen = []
            async with serving(service(0)), serving(service(0), host="other.example"), session() as client:
                for _ in range(10):
                    start = now_ns()
                    await fetch(client, host=HOST)
                    seen.append(now_ns() - start)
                    if with_other:
                        await fetch(client, host="other.example")
            return seen

        return run(main, network=net)

    assert times(with_other=True) == times(with_other=False)
