"""Locust as a library in virtual time: ten users of a kind for 100 s. Prints JSON."""

# ruff: noqa: E402 (prepare comes before other imports)
from perfkit.sim import prepare, run_sync

prepare()

import json
import sys
import time

import gevent
from locust.env import Environment

from tests.sim.greenlets import locustfile
from tests.sim.greenlets.server import network, serve


def main(_url):
    runner = Environment(user_classes=[getattr(locustfile, sys.argv[1])]).create_local_runner()
    start = time.time()
    runner.start(10, spawn_rate=10)
    gevent.sleep(100)
    runner.quit()
    total = runner.stats.total
    return {
        "took": round(time.time() - start, 6),
        "requests": total.num_requests,
        "failures": total.num_failures,
        "longest": round(total.max_response_time, 6),
        "mean": round(total.avg_response_time, 6),
    }


if __name__ == "__main__":
    print(json.dumps(run_sync(main, network=network(), world=serve)))  # noqa: T201
