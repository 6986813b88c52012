"""A light HTTP server on the virtual loop, for clients that block: 20 ms later it echoes the path or body."""

import asyncio
import ssl
from contextlib import asynccontextmanager

from perfkit.sim import Link, Network

MS = 1_000_000
HOST = "api.example"
SERVICE_S = 0.02


class Echo(asyncio.Protocol):
    """Answers GET and POST; closes after ``keep`` answers if that is set."""

    keep = 0

    def connection_made(self, transport):
        self.transport = transport
        self.unread = b""
        self.answers = 0

    def data_received(self, data):
        self.unread += data
        while b"\r\n\r\n" in self.unread:
            head, _, rest = self.unread.partition(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
            if len(rest) < size:
                return
            body, self.unread = rest[:size], rest[size:]
            path = head.split(b" ", 2)[1]
            asyncio.get_running_loop().call_later(SERVICE_S, self.answer, body or path)

    def answer(self, body):
        if body.startswith(b"/bytes/"):
            body = b"x" * int(body[7:])
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        self.answers += 1
        if self.answers == self.keep:
            self.transport.close()


class ClosesAfterOne(Echo):
    keep = 1


class Redis(asyncio.Protocol):
    """Says OK to each command, which is a whole packet here."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        commands = data.count(b"*", 0, 1) + data.count(b"\r\n*")
        asyncio.get_running_loop().call_later(SERVICE_S, self.transport.write, b"+OK\r\n" * commands)


@asynccontextmanager
async def serve():
    """Ports 80, 443 with TLS, 81 that closes after each answer, and Redis; yields the URL of the first."""
    loop = asyncio.get_running_loop()
    servers = [
        await loop.create_server(Echo, HOST, 80),
        await loop.create_server(Echo, HOST, 443, ssl=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)),
        await loop.create_server(ClosesAfterOne, HOST, 81),
        await loop.create_server(Redis, HOST, 6379),
    ]
    yield f"http://{HOST}/"
    for server in servers:
        server.close()


def network(bandwidth=None):
    net = Network()
    net.connect_host(HOST, Link(rtt_ns=20 * MS, bandwidth_bytes_per_s=bandwidth))
    return net
