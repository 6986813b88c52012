"""Samples of the fixture's workloads as asv's own runner takes them, for gate_trials.py.

Run by a Python that has asv_runner, in the tree to be measured; prints {benchmark: [seconds, ...]}. One
process is one of asv's two rounds: a warm-up of 0.1 s, then five samples of at least 10 ms each.
"""

import asyncio
import json
import sys

from asv_runner.benchmarks.time import TimeBenchmark


def workloads():
    """Name and a function to be called, of each workload of the tree that this runs in."""
    sys.path.insert(0, ".")
    import work

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(work.echo, "127.0.0.1", 0))
    reader, writer = loop.run_until_complete(asyncio.open_connection(*server.sockets[0].getsockname()))
    connection = work.database()
    return {
        "cpu": work.cpu,
        "aio": lambda: loop.run_until_complete(work.aio(reader, writer)),
        "sql": lambda: work.sql(connection),
    }


if __name__ == "__main__":
    called = workloads().items()
    json.dump({name: TimeBenchmark(name, call, []).run()["samples"] for name, call in called}, sys.stdout)
