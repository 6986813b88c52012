"""Simulations of threads run in child processes: their patches are for life."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def child(*arguments, seed="0", warnings="error"):
    """Run Python; (exit code, stdout, stderr)."""
    done = subprocess.run(
        [sys.executable, "-W", warnings, *arguments],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def answer(module, *arguments, **options):
    """What a module of this folder prints as JSON, and nothing else."""
    code, out, err = child("-m", f"tests.sim.greenlets.{module}", *arguments, **options)
    assert (code, err) == (0, ""), err
    return json.loads(out)


def script(text):
    """Run a few lines; their errors are part of the answer."""
    code, out, err = child("-c", text)
    return code, out.strip(), err.strip()
