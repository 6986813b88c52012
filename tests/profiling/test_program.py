"""A capture of a whole program, from before its first line to its end, however it ends."""

import json

import pytest

from tests.profiling.programs import run

PROGRAM = """
import atexit, json, sys
from perfkit import profiling

kind, tool, ending = sys.argv[1:]
capture = profiling.cpu("program") if kind == "cpu" else profiling.memory("program", tool=tool, totals=False)

def report():
    profile = capture.finish()
    functions = sorted({frame.function for frame in profile.tree.frames})
    print(json.dumps([profile.samples, profile.awaiting, profile.peak_bytes, functions, capture.warnings]))

# what is registered later comes first at exit: the capture must outlast what its tools register
atexit.register(report)
capture.begin()

import asyncio, os, signal, threading, time

kept = []

def spin():
    end = time.perf_counter() + 0.03
    while time.perf_counter() < end:
        sum(range(100))

def work():
    kept.append(bytearray(10_000_000))

async def main():
    await asyncio.sleep(0.02)
    spin()

asyncio.run(main())
kept.append(bytearray(5_000_000))
thread = threading.Thread(target=work)
thread.start()
thread.join()
if ending == "exit":
    sys.exit(3)
if ending == "error":
    raise ValueError("an error")
if ending == "interrupt":
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(5)
"""

ENDINGS = [("", 0), ("exit", 3), ("error", 1), ("interrupt", -2)]


@pytest.mark.parametrize(("ending", "expected"), ENDINGS)
def test_time(ending, expected):
    code, out, err = run(PROGRAM, "cpu", "", ending)
    samples, awaiting, _, functions, warnings = json.loads(out)
    assert code == expected
    assert ("Traceback" in err) == (ending in ("error", "interrupt"))
    assert samples > 0
    assert awaiting > 0
    assert "spin" in functions
    assert warnings == []


@pytest.mark.parametrize(("tool", "ending", "expected"), [("memray", "error", 1), ("tracemalloc", "exit", 3)])
def test_memory(tool, ending, expected):
    if tool == "memray":
        pytest.importorskip("memray", reason="memray does not run on this system")
    code, out, _ = run(PROGRAM, "memory", tool, ending)
    _, _, peak_bytes, _, warnings = json.loads(out)
    assert code == expected
    assert 15_000_000 < peak_bytes < 40_000_000
    assert warnings == []
