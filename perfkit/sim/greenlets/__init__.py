"""Virtual time for code with threads and blocking sockets: each thread is a greenlet on the virtual loop.

    from perfkit.sim import prepare; prepare()         # first thing in a process of its own
    import requests

    def main(server):
        return requests.get("http://api.example/").text

    run_sync(main, network=network, world=serve)       # serve: an async context manager that starts servers

One clock and one network: gevent's hub runs the same loop as ``perfkit.sim.run``, so that servers, links, TLS
and faults are those of asyncio simulations. Needs gevent, the extra "sim-sync".
"""

from perfkit.sim.greenlets.preparing import prepare
from perfkit.sim.greenlets.running import run_sync

__all__ = ["prepare", "run_sync"]
