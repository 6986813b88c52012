"""Work to be profiled, and whole programs run in a process of their own."""

import subprocess
import sys
import time

SPIN_S = 0.03


def step(n=200):
    return sum(range(n))


def spin():
    """Compute for a while; long enough for some samples."""
    end = time.perf_counter() + SPIN_S
    while time.perf_counter() < end:
        step()


def run(code, *arguments, **environment):
    """The program's exit code, stdout and stderr."""
    import os

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
    return done.returncode, done.stdout, done.stderr
