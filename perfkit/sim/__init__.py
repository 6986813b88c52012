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
to the last digit on every machine, Python and hash seed. ``run`` needs no extra.

``run_sync`` does the same for threads and blocking sockets, as greenlets of gevent in a process of their own
(see ``greenlets``). In ``run``, a blocking call holds the loop of its host up, as in life, except in a job
for ``run_in_executor`` or ``to_thread``, which runs beside the loop (see ``executors``).

What costs virtual time: links (round trip, jitter, bandwidth, loss, TLS handshakes), timers, ``time.sleep``,
and computing where ``Network.set_cpu`` says so. What costs none: other computing and name look-ups. A
``Network`` can also refuse and reset connections and partition hosts at any moment. What cannot be simulated
says so (``NotSimulatedError``): subprocesses, datagrams, pipes, and sockets that do not block used by hand.
"""

from perfkit.sim.blocking import block_on, current_loop
from perfkit.sim.distributions import Constant, Distribution, Empirical, Exponential, Lognormal, Uniform
from perfkit.sim.greenlets import prepare, run_sync
from perfkit.sim.link import Link, Network
from perfkit.sim.loop import VirtualLoop
from perfkit.sim.runner import run
from perfkit.sim.timepatch import EPOCH_S

__all__ = [
    "EPOCH_S",
    "Constant",
    "Distribution",
    "Empirical",
    "Exponential",
    "Link",
    "Lognormal",
    "Network",
    "Uniform",
    "VirtualLoop",
    "block_on",
    "current_loop",
    "prepare",
    "run",
    "run_sync",
]
