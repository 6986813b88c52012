"""A simulation on a network where everything goes wrong; prints a hash of every (virtual time, event).

Jitter, loss, TLS, processors and faults, met by asyncio's own streams: how many callbacks a request takes is
then up to nobody else. The tests run it.
"""

import asyncio
import contextlib
import hashlib
import ssl

from perfkit.sim import Link, Network, run
from perfkit.sim.distributions import Exponential, Lognormal
from tests.sim.support import MS, now_ns

HOSTS = {"one.example": 7001, "two.example": 7002, "three.example": 7003}


def network():
    net = Network(seed=7)
    links = (
        Link(rtt_ns=10 * MS, jitter=Exponential(3 * MS), tls_rtts=2),
        Link(rtt_ns=30_000_001, bandwidth_bytes_per_s=3e6, loss=0.03),
        Link(rtt_ns=50 * MS, jitter=Lognormal(5 * MS, 0.7), loss=0.01, tls_rtts=0),
    )
    for host, link in zip(HOSTS, links, strict=True):
        net.connect_host(host, link)
    net.set_cpu("one.example", 150_000)
    net.set_cpu("", 7_001)
    return net


async def serve(reader, writer):
    with contextlib.suppress(OSError):
        while line := await reader.readline():
            await asyncio.sleep(len(line) / 1000)
            writer.write(b"x" * (7919 * len(line)) + b"\n")
            await writer.drain()
    writer.close()


async def ask(number, host, note):
    tls = ssl.create_default_context() if host != "two.example" else None
    reader, writer = await asyncio.open_connection(host, HOSTS[host], ssl=tls, limit=2**20)
    try:
        for i in range(5):
            writer.write(b"ask" * (number % 7 + i) + b"\n")
            note(f"got {len(await reader.readline())}")
    finally:
        writer.close()


async def caller(number, lines):
    def note(text):
        lines.append(f"{now_ns()} {number} {text}")

    await asyncio.sleep(number / 50)
    for attempt in range(3):
        try:
            async with asyncio.timeout(1.5 + number / 100):
                await ask(number, list(HOSTS)[number % 3], note)
            return
        except OSError as error:
            note(f"{attempt} {type(error).__name__} {error.errno}")


async def main(net, lines):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for host, port in HOSTS.items():
        tls = context if host != "two.example" else None
        await asyncio.start_server(serve, host, port, ssl=tls, limit=2**20)
    loop = asyncio.get_running_loop()
    for seconds, fault, host in (
        (0.2, net.reset, "one.example"),
        (0.3, net.partition, "two.example"),
        (0.5, net.refuse, "one.example"),
        (0.9, net.heal, "two.example"),
        (1.1, net.heal, "one.example"),
        (1.2, net.partition, ""),
        (2.0, net.heal, ""),
        (2.2, net.reset, ""),
    ):
        loop.call_later(seconds, fault, host)

    await asyncio.gather(*(caller(number, lines) for number in range(120)))
    lines.append(f"{now_ns()} end")
    await asyncio.sleep(100)  # the servers see the ends of their connections


def digest():
    lines, net = [], network()
    run(lambda: main(net, lines), network=net)
    return len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    print(*digest())  # noqa: T201
