import asyncio
import errno
import socket

import pytest

from perfkit.sim import Link, Network, run
from tests.sim.support import Log


async def addresses(*hosts, **options):
    loop = asyncio.get_running_loop()
    return [(await loop.getaddrinfo(host, 80, type=socket.SOCK_STREAM, **options))[0][4] for host in hosts]


def test_hosts_get_addresses_in_order_of_registration():
    network = Network()
    network.connect_host("first.example", Link())

    async def main():
        server = await asyncio.get_running_loop().create_server(Log, "second.example", 80)
        found = await addresses("second.example", "first.example", "FIRST.example.")
        server.close()
        return found

    assert run(main, network=network) == [("198.18.0.3", 80), ("198.18.0.2", 80), ("198.18.0.2", 80)]


def test_a_link_added_while_running_makes_its_host_known():
    network = Network()

    async def main():
        network.connect_host("late.example", Link())
        return await addresses("late.example")

    assert run(main, network=network) == [("198.18.0.2", 80)]


def test_literals_and_localhost_pass():
    async def main():
        return await addresses("127.0.0.1", "localhost", "10.1.2.3", "::1", b"localhost", None)

    found = run(main)
    assert [address[0] for address in found] == [
        "127.0.0.1",
        "127.0.0.1",
        "10.1.2.3",
        "::1",
        "127.0.0.1",
        "::1",
    ]


def test_an_unknown_name_is_an_error_like_the_real_one():
    async def main():
        await addresses("nowhere.example")

    with pytest.raises(socket.gaierror, match=r"Name or service not known.*nowhere.example") as caught:
        run(main)
    assert caught.value.errno == socket.EAI_NONAME


def test_the_wrong_family_is_an_error():
    async def main():
        await addresses("10.1.2.3", family=socket.AF_INET6)

    with pytest.raises(socket.gaierror):
        run(main)


def test_ports_in_use_and_ports_of_ones_choice():
    async def main():
        loop = asyncio.get_running_loop()
        taken = await loop.create_server(Log, "a.example", 80)
        await loop.create_server(Log, "b.example", 80)
        with pytest.raises(OSError, match="address already in use") as caught:
            await loop.create_server(Log, "a.example", 80)
        with pytest.raises(OSError, match="already in use"):
            await loop.create_server(Log, None, 80)
        free = [await loop.create_server(Log, "a.example", 0) for _ in range(2)]
        taken.close()
        await loop.create_server(Log, "a.example", 80)
        return caught.value.errno, [server.sockets[0].getsockname() for server in free]

    code, names = run(main)
    assert code == errno.EADDRINUSE
    assert names == [("198.18.0.2", 49_152), ("198.18.0.2", 49_153)]


def test_a_server_on_every_address_answers_under_every_name():
    network = Network()
    network.connect_host("api.example", Link())

    async def main():
        loop = asyncio.get_running_loop()
        await loop.create_server(Log, port=8000)
        peers = []
        for host in ("api.example", "localhost", "127.0.0.1", "::1"):
            transport, _ = await loop.create_connection(Log, host, 8000)
            peers.append(transport.get_extra_info("peername"))
        return peers

    assert [peer[0] for peer in run(main, network=network)] == ["198.18.0.2", "127.0.0.1", "127.0.0.1", "::1"]
