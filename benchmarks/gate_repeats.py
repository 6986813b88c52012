"""How often the gate of counters says that something changed when nothing did.

    python benchmarks/gate_repeats.py --runs 100 --hogs 2 leads call_tasks

Runs ``perfkit gate NAME...`` that often against the committed baselines, each with a hash seed of its own,
beside processes that keep processors busy in bursts. Each run is a line; the last one has the sums. It ends
with 1 if any run stopped.
"""

import argparse
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections import Counter


def main():
    parser = argparse.ArgumentParser(description="Repeats perfkit gate and counts alarms.")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--hogs", type=int, default=0)
    asked = parser.parse_args()
    hogs = [multiprocessing.Process(target=busy, daemon=True) for _ in range(asked.hogs)]
    for hog in hogs:
        hog.start()
    try:
        exits = Counter(gated(asked.names, number) for number in range(1, asked.runs + 1))
    finally:
        for hog in hogs:
            hog.kill()
    codes = ", ".join(f"exit {code}: {count}" for code, count in sorted(exits.items()))
    say(f"{asked.runs} runs of {' '.join(asked.names) or 'all scenarios'}, {asked.hogs} hogs: {codes}")
    sys.exit(int(set(exits) != {0}))


def gated(names, number):
    """One run's exit code; what it says is shown where it is not 0."""
    began = time.monotonic()
    ran = subprocess.run(
        [sys.executable, "-m", "perfkit", "gate", *names],
        env={**os.environ, "PYTHONHASHSEED": str(random.randrange(2**32))},
        capture_output=True,
        text=True,
        check=False,
    )
    say(f"{number}: exit {ran.returncode}, {time.monotonic() - began:.0f} s")
    if ran.returncode:
        say(ran.stdout + ran.stderr)
    return ran.returncode


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def busy():
    """Bursts and pauses of some tenths of a second."""
    while True:
        end = time.monotonic() + random.uniform(0.05, 0.5)
        while time.monotonic() < end:
            pass
        time.sleep(random.uniform(0.05, 0.5))


if __name__ == "__main__":
    main()
