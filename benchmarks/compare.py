"""Costs side by side: what is compared takes turns, and of each the fastest round counts.

What cannot be undone, as most peers of perfkit, has a process of its own: a script of benchmarks/ that calls
``serve`` when it is run. Time is the thread's processor time, so other programs on the machine cost rounds
and not truth; garbage is collected between two rounds and not within one.
"""

import gc
import importlib.util
import json
import subprocess
import sys
import time

NOISE = 1.05
"""Two runs of the same on one machine differ by as much; a bar is broken beyond it."""

MISSING = 3
"""Exit code of a process whose library is not installed."""


def per_call(operation, calls):
    """Nanoseconds of one of ``calls`` calls, made by ``operation(calls)``."""
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time_ns()
        operation(calls)
        return (time.thread_time_ns() - start) / calls
    finally:
        gc.enable()


def serve(measure):
    """In a process of its own: for each line of stdin a round, told as a line of JSON.

    ``measure()`` gives the nanoseconds of each thing measured.
    """
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(measure()) + "\n")
        sys.stdout.flush()


def needs(*modules):
    """In a process of its own: end it if a library is not installed."""
    for module in modules:
        try:
            found = importlib.util.find_spec(module)
        except ModuleNotFoundError:
            found = None
        if found is None:
            sys.exit(MISSING)


def take_turns(script, tools, rounds, processes=1):
    """The fastest round of each thing that the processes ``script TOOL`` measure; without those missing.

    A process is faster or slower than the next by where its memory lies, so there may be several of each.
    """
    best = {}
    for _ in range(processes):
        children = {tool: _start(script, tool) for tool in tools}
        try:
            for _ in range(rounds):
                for child in children.values():
                    for name, spent in _round(child).items():
                        best[name] = min(spent, best.get(name, spent))
        finally:
            for child in children.values():
                child.communicate()
        broken = [tool for tool, child in children.items() if child.returncode not in (0, MISSING)]
        assert not broken, f"did not get through: {', '.join(broken)}"
    return best


def once(script, tool):
    """What one process measures, once."""
    return take_turns(script, [tool], rounds=1)


def _start(script, tool):
    command = [sys.executable, script, tool]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _round(child):
    try:
        child.stdin.write("go\n")
        child.stdin.flush()
    except BrokenPipeError:
        return {}
    said = child.stdout.readline()
    return json.loads(said) if said else {}


def told(benchmark, title, figures, unit="ns"):
    """Keep the figures with the benchmark's, and write them as a table."""
    benchmark.extra_info.update({name: round(value, 1) for name, value in figures.items()})
    lines = [f"\n{title}, Python {sys.version.split()[0]}"]
    lines += [f"  {name:<48}{value:>12,.0f} {unit}" for name, value in figures.items()]
    sys.stdout.write("\n".join(lines) + "\n")
