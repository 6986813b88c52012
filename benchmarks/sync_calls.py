"""Calls of the requests library, in a process of its own: ``virtual``, ``threads`` (ten) or ``sockets``.

The server is the same ten lines of protocol. Over sockets it has a process of its own, whose time is not
counted; in virtual time it shares the client's thread, and is.
"""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path

# requests reads all of the environment at each call, so its size is part of the result
for name in set(os.environ) - {"PATH", "HOME"}:
    del os.environ[name]
sys.path.insert(0, str(Path(__file__).parents[1]))

TOOL = sys.argv[1]
if TOOL in ("virtual", "threads"):
    from perfkit.sim import prepare

    prepare()

from concurrent.futures import ThreadPoolExecutor  # noqa: E402

import requests  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402

from benchmarks.compare import per_call, serve  # noqa: E402
from perfkit.sim import Link, Network, run_sync  # noqa: E402

CALLS, THREADS = 2_000, 10
RTT_NS, SERVICE_NS = 20_000_000, 20_000_000
CALL_NS = RTT_NS + SERVICE_NS


class Canned(asyncio.Protocol):
    ANSWER = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{"result":7}'
    service_s = SERVICE_NS / 1e9

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.service_s:
            asyncio.get_running_loop().call_later(self.service_s, self.transport.write, self.ANSWER)
        else:
            self.transport.write(self.ANSWER)


@asynccontextmanager
async def world():
    server = await asyncio.get_running_loop().create_server(Canned, "api.example", 80)
    yield "http://api.example/"
    server.close()


async def server_of_its_own():
    Canned.service_s = 0
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def one_after_the_other(url):
    with requests.Session() as session:
        for _ in range(CALLS):
            assert session.get(url).json() == {"result": 7}


def in_threads(url):
    with requests.Session() as session, ThreadPoolExecutor(THREADS) as pool:
        session.mount("http://", HTTPAdapter(pool_maxsize=THREADS))
        for answer in pool.map(lambda _: session.get(url).json(), range(CALLS)):
            assert answer == {"result": 7}


def simulated(work, turns):
    """``turns`` calls, of one thread or of each."""

    def main(url):
        work(url)
        return time.perf_counter_ns()

    def simulate(_):
        took_ns = run_sync(main, network=Network(Link(rtt_ns=RTT_NS)), world=world)
        assert took_ns == RTT_NS + turns * CALL_NS

    return per_call(simulate, 1) / CALLS


def over_sockets():
    child = subprocess.Popen(
        [sys.executable, __file__, "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        url = f"http://127.0.0.1:{int(child.stdout.readline())}/"
        return per_call(lambda _: one_after_the_other(url), 1) / CALLS
    finally:
        child.communicate()


WAYS = {
    "virtual": lambda: simulated(one_after_the_other, CALLS),
    "threads": lambda: simulated(in_threads, CALLS // THREADS),
    "sockets": over_sockets,
}

if __name__ == "__main__":
    if TOOL == "server":
        asyncio.run(server_of_its_own())
    else:
        serve(lambda: {TOOL: WAYS[TOOL]()})
