import asyncio
import gc
import os
import select
import socket

import pytest

from perfkit.sim import run
from tests.sim.support import HOST, Log, network, pair


def simulate(main):
    return run(main, network=network())


def test_the_descriptor_is_valid_and_never_readable():
    async def main():
        _, client, server = await pair()
        sock = client.transport.get_extra_info("socket")
        server.transport.write(b"unread")
        server.transport.close()
        await asyncio.sleep(1)
        os.fstat(sock.fileno())
        readable, writable, _ = select.select([sock], [sock], [], 0)
        return readable, writable == [sock], sock.fileno()

    readable, writable, descriptor = simulate(main)
    assert (readable, writable) == ([], True)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_extra_info():
    async def main():
        _, client, server = await pair()
        near, far = client.transport, server.transport
        sock = near.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert sock.gettimeout() == 0
        assert (sock.family, sock.type, sock.proto) == (
            socket.AF_INET,
            socket.SOCK_STREAM,
            socket.IPPROTO_TCP,
        )
        assert sock.getpeername() == near.get_extra_info("peername") == far.get_extra_info("sockname")
        assert sock.getsockname() == near.get_extra_info("sockname") == far.get_extra_info("peername")
        assert near.get_extra_info("sslcontext") is None
        assert near.get_extra_info("compression", "default") == "default"
        return sock.getsockname(), sock.getpeername()

    assert simulate(main) == (("198.18.0.1", 32_768), ("198.18.0.2", 7000))


def test_a_server_listens_until_it_is_closed():
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Log, HOST, 7000, start_serving=False)
        states = [server.is_serving()]
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Log, HOST, 7000)
        await server.start_serving()
        states.append(server.is_serving())
        sock = server.sockets[0]
        assert sock.getsockname() == ("198.18.0.2", 7000)
        with pytest.raises(OSError, match="no peer"):
            sock.getpeername()
        assert server.get_loop() is loop
        server.close()
        server.close()
        await server.wait_closed()
        states.append(server.is_serving())
        assert server.sockets == ()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_connection(Log, HOST, 7000)
        return states

    assert simulate(main) == [False, True, False]


@pytest.mark.parametrize("how", ["close_clients", "abort_clients"])
def test_waiting_for_a_closed_server_waits_for_its_connections(how):
    async def main():
        server, client, far = await pair()
        server.close()
        waiter = asyncio.create_task(server.wait_closed())
        await asyncio.sleep(1)
        waiting = not waiter.done()
        getattr(server, how)()
        await waiter
        await asyncio.sleep(1)
        return waiting, far.events[-1][1:], client.events[-1][1:]

    assert simulate(main) == (True, ("lost", None), ("lost", None))


def test_serving_for_ever_ends_with_its_task():
    async def main():
        server = await asyncio.get_running_loop().create_server(Log, HOST, 7000, start_serving=False)
        task = asyncio.create_task(server.serve_forever())
        await asyncio.sleep(1)
        serving = server.is_serving()
        with pytest.raises(RuntimeError, match="serves forever"):
            await server.serve_forever()
        task.cancel()
        await asyncio.wait([task])
        return serving, task.cancelled(), server.is_serving(), repr(server)

    assert simulate(main) == (True, True, False, "<MemoryServer [('198.18.0.2', 7000)]>")


def test_a_server_is_an_async_context_manager():
    async def main():
        async with await asyncio.get_running_loop().create_server(Log, HOST, 7000) as server:
            assert server.is_serving()
        return server.is_serving()

    assert simulate(main) is False


def test_a_real_listening_socket_gives_only_its_address():
    sock = socket.create_server(("127.0.0.1", 0))

    async def main():
        address = sock.getsockname()
        server = await asyncio.get_running_loop().create_server(Log, sock=sock)
        assert sock.fileno() == -1
        transport, _ = await asyncio.get_running_loop().create_connection(Log, *address)
        return server.sockets[0].getsockname() == address == transport.get_extra_info("peername")

    assert simulate(main)


def test_nothing_real_stays_open():
    def descriptors():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    async def main():
        _, client, _ = await pair()
        client.transport.get_extra_info("socket").fileno()
        for _ in range(5):
            sock = socket.socket()
            sock.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(sock, ("198.18.0.2", 7000))
            await loop.create_connection(Log, sock=sock)
            assert sock.fileno() == -1

    before = descriptors() if os.path.isdir("/proc/self/fd") else pytest.skip("needs /proc")
    simulate(main)
    assert descriptors() == before
