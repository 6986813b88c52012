"""Virtual time: unmodified asyncio code against a network that exists only in memory.

    async def main():                                  # real aiohttp client and server, in one process
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "api.example", 80).start()
        async with aiohttp.ClientSession() as session:
            await session.get("http://api.example/")

    network = Network()
    network.connect_host("api.example", Link(rtt_ns=200_000_000))
    run(main, network=network)                         # ends at 0.4 s of virtual time, in a few real ms

The clock counts whole nanoseconds and jumps to the next event when nothing can run, so a figure is the same
to the last digit on every machine, Python and hash seed. This room needs the standard library only.

What costs virtual time: latency and bandwidth of links, timers, ``time.sleep``. What costs none: computing,
name look-ups and ``run_in_executor``, whose function runs at once in the loop's own thread. What cannot be
simulated says so (``NotSimulatedError``): TLS, subprocesses, datagrams, pipes, and raw sockets.
"""

from perfkit.sim.link import Link, Network
from perfkit.sim.loop import VirtualLoop
from perfkit.sim.runner import run
from perfkit.sim.timepatch import EPOCH_S

__all__ = ["EPOCH_S", "Link", "Network", "VirtualLoop", "run"]
