import asyncio

import pytest

from perfkit.sim import run
from tests.sim.support import HOST, MS, RTT_NS, Log, network, now_ns, pair, service, serving, session

HALF = RTT_NS // 2


def simulate(main, **cost_ns):
    """Run ``main(network)``; ``server=`` and ``client=`` are the costs of their callbacks."""
    net = network()
    if "server" in cost_ns:
        net.set_cpu(HOST, cost_ns["server"])
    if "client" in cost_ns:
        net.set_cpu("", cost_ns["client"])
    return run(lambda: main(net), network=net)


def test_callbacks_of_a_busy_host_wait_for_each_other():
    async def main(net):
        _, client, server = await pair()
        net.set_cpu(HOST, 7)
        start = now_ns()
        for piece in (b"a", b"b", b"c"):
            client.transport.write(piece)
        at = asyncio.get_running_loop().call_later
        at(0.2, client.transport.write, b"d")
        await asyncio.sleep(1)
        return [(when - start - HALF, data) for when, _, data in server.events[1:]]

    assert simulate(main) == [(7, b"a"), (14, b"b"), (21, b"c"), (200 * MS + 7, b"d")]


def test_the_other_hosts_do_not_wait():
    async def main(net):
        net.set_cpu("other.example", 10 * MS)
        _, client, far = await pair()
        start = now_ns()
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return far.events[-1][0] - start

    assert simulate(main) == HALF


def test_an_answer_costs_what_its_callbacks_cost():
    class Echo(Log):
        def data_received(self, data):
            self.transport.write(data)

    async def main(_):
        _, client, _ = await pair(server_class=Echo)
        start = now_ns()
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return client.events[-1][0] - start

    assert simulate(main, server=3) == RTT_NS + 3


def test_tasks_of_the_client_take_turns():
    async def main(_):
        async def work(name):
            for _ in range(2):
                await asyncio.sleep(0)
                seen.append((now_ns() - start, name))

        seen, start = [], now_ns()
        await asyncio.gather(*(work(name) for name in "ab"))
        return seen

    assert simulate(main, client=10) == [(30, "a"), (40, "b"), (50, "a"), (60, "b")]


def test_what_is_cancelled_while_it_waits_costs_nothing_and_while_it_runs_does_nothing():
    async def main(net):
        loop, seen = asyncio.get_running_loop(), []
        context = loop.new_context(HOST)

        def note(name):
            seen.append((now_ns(), name))

        net.set_cpu(HOST, 100)
        handles = [loop.call_soon(note, name, context=context) for name in "abcd"]
        loop.call_later(50e-9, handles[0].cancel)
        loop.call_later(60e-9, handles[2].cancel)
        await asyncio.sleep(1)
        return seen

    assert simulate(main) == [(200, "b"), (300, "d")]


def test_the_price_can_change_and_become_nothing():
    async def main(net):
        loop, seen = asyncio.get_running_loop(), []
        context = loop.new_context(HOST)

        def note(name):
            seen.append((now_ns(), name))

        net.set_cpu(HOST, 100)
        for name in "abc":
            loop.call_soon(note, name, context=context)
        loop.call_later(150e-9, net.set_cpu, HOST, 0)
        await asyncio.sleep(1)
        return seen

    assert simulate(main) == [(100, "a"), (200, "b"), (200, "c")]


@pytest.mark.parametrize("clients", [1, 10])
def test_a_server_has_only_one_processor(clients):
    """The last answer comes as late as all of their callbacks take."""

    async def ask(net):
        async with serving(service(0)), session(limit=0) as client:

            async def one():
                async with client.post(f"http://{HOST}/x", data=b"x") as answer:
                    await answer.read()

            await asyncio.gather(*(one() for _ in range(clients)))
            net.set_cpu(HOST, MS)
            start = now_ns()
            await asyncio.gather(*(one() for _ in range(clients)))
            return now_ns() - start - RTT_NS

    took = simulate(ask)
    per_request, rest = divmod(took, clients * MS)
    assert rest == 0
    assert 1 <= per_request <= 10
