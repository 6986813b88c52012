import asyncio
import errno
import socket

import pytest

from perfkit.errors import SimulationError
from perfkit.sim import Link, Network, run
from perfkit.sim.unsupported import NotSimulatedError
from tests.sim.support import HOST, MS, Log, network, now_ns, pair


def simulate(main):
    return run(main, network=network())


def test_connecting_costs_one_round_trip():
    async def main():
        await asyncio.get_running_loop().create_server(Log, HOST, 80)
        await asyncio.get_running_loop().create_connection(Log, HOST, 80)
        return now_ns()

    assert simulate(main) == 200 * MS


def test_a_refusal_costs_one_round_trip_too():
    async def main():
        with pytest.raises(ConnectionRefusedError, match="Connect call failed") as caught:
            await asyncio.get_running_loop().create_connection(Log, HOST, 80)
        return caught.value.errno, now_ns()

    assert simulate(main) == (errno.ECONNREFUSED, 200 * MS)


def test_a_dialled_socket_is_closed_and_replaced():
    async def main():
        loop = asyncio.get_running_loop()
        await loop.create_server(Log, HOST, 80)
        sock = socket.socket()
        await loop.sock_connect(sock, (HOST, 80))
        transport, _ = await loop.create_connection(Log, sock=sock)
        return sock.fileno(), transport.get_extra_info("peername"), now_ns()

    assert simulate(main) == (-1, ("198.18.0.2", 80), 200 * MS)


def test_a_socket_that_was_not_dialled_is_refused():
    async def main():
        await asyncio.get_running_loop().create_connection(Log, sock=socket.socket())

    with pytest.raises(SimulationError, match="needs a socket that sock_connect"):
        simulate(main)


def test_giving_up_while_connecting_leaves_nothing_behind():
    async def main():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await asyncio.get_running_loop().create_connection(Log, HOST, 80)
        return now_ns()

    assert simulate(main) == 100 * MS


def test_a_server_that_closes_before_the_connection_arrives_resets_it():
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Log, HOST, 80)
        _, client = await loop.create_connection(Log, HOST, 80)
        server.close()
        await asyncio.sleep(1)
        return client.events[-1]

    assert simulate(main) == (400 * MS, "lost", "ConnectionResetError")


def test_a_protocol_that_cannot_be_made_resets_the_connection():
    def factory():
        raise KeyError("broken")

    async def main():
        loop, errors = asyncio.get_running_loop(), []
        loop.set_exception_handler(lambda _, context: errors.append(context["exception"]))
        await loop.create_server(factory, HOST, 80)
        _, client = await loop.create_connection(Log, HOST, 80)
        await asyncio.sleep(1)
        return client.events[-1][1:], [type(error) for error in errors]

    assert simulate(main) == (("lost", "ConnectionResetError"), [KeyError])


def test_a_server_may_listen_on_several_hosts():
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Log, ["a.example", "b.example", "a.example"], 80)
        for host in ("a.example", "b.example"):
            await loop.create_connection(Log, host, 80)
        return [sock.getsockname()[0] for sock in server.sockets]

    assert run(main) == ["198.18.0.2", "198.18.0.3"]


def test_one_server_may_call_another():
    class Relay(Log):
        def connection_made(self, transport):
            super().connection_made(transport)
            self.task = asyncio.create_task(
                asyncio.get_running_loop().create_connection(Log, "db.example", 5432)
            )

    networks = Network(default=Link(rtt_ns=10 * MS))

    async def main():
        loop, made = asyncio.get_running_loop(), []

        def database():
            made.append(Log())
            return made[-1]

        await loop.create_server(database, "db.example", 5432)
        await loop.create_server(Relay, "api.example", 80)
        await loop.create_connection(Log, "api.example", 80)
        await asyncio.sleep(1)
        return made[0].transport.get_extra_info("peername")[0], made[0].events[0][0]

    assert run(main, network=networks) == ("198.18.0.3", 30 * MS)


def test_computing_belongs_to_the_server_that_does_it():
    class Busy(Log):
        def data_received(self, data):
            sum(range(100_000))

    async def main():
        loop = asyncio.get_running_loop()
        _, client, _ = await pair(server_class=Busy)
        before = loop.computing_ns(HOST)
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return loop.computing_ns(HOST) - before, loop.computing_ns()

    server, client = simulate(main)
    assert server > 0
    assert client > 0


@pytest.mark.parametrize("name", ["subprocess_exec", "create_datagram_endpoint", "add_reader", "sendfile"])
def test_what_is_not_simulated_says_so(name):
    async def main():
        await getattr(asyncio.get_running_loop(), name)("x", "y")

    with pytest.raises(NotSimulatedError, match=rf"{name}\(\).*cannot be simulated"):
        simulate(main)


def test_a_server_needs_an_address():
    async def main():
        await asyncio.get_running_loop().create_server(Log)

    with pytest.raises(ValueError, match="Neither host/port nor sock"):
        simulate(main)
