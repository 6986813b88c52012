"""How many calls of the requests library a real second has in virtual time, beside the same over sockets.

    pytest benchmarks/test_sync_sim_speed.py

One Session, keep-alive, 20 ms of round trip and 20 ms of service: one call after the other, and ten threads
of a ThreadPoolExecutor. Over loopback sockets there is no latency, and the server's time is not counted: that
is what requests itself costs. See ``sync_calls``; the times that the simulation gives are checked there.
"""

from pathlib import Path

from benchmarks.compare import NOISE, take_turns, told

SCRIPT = str(Path(__file__).with_name("sync_calls.py"))
ROUNDS = 5
LEAST_PER_S = 2_500
"""On a quiet machine; a busy one is told apart by the calls over sockets, which must leave room for it."""


def test_requests(benchmark):
    best = benchmark.pedantic(lambda: take_turns(SCRIPT, ["virtual", "threads", "sockets"], ROUNDS), rounds=1)
    told(benchmark, "a call", best)
    told(benchmark, "calls", {f"{name}, a real second": 1e9 / spent for name, spent in best.items()}, "")
    if benchmark.disabled:
        return
    assert best["virtual"] <= best["sockets"] * 1.5 * NOISE
    if 1e9 / best["sockets"] > LEAST_PER_S:
        assert 1e9 / best["virtual"] >= LEAST_PER_S / NOISE
