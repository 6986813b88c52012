"""How long the HTML report of a run takes, beside writing the same run as JSON.

    pytest benchmarks/test_report_speed.py

The run is made up: 288 cells, more than the standard run has. "The first" is what ``perfkit bench`` pays
after its run: a process of its own imports what a page needs, renders and writes it. Time is processor
time; things take turns, and each has its fastest round.
"""

import sys
import tempfile
import time
from pathlib import Path

import pytest
from compare import once, per_call, serve, told

MOST_FIRST_S = 1.0
MOST_RATIO = 12
"""Of a page to the JSON of its run, unpacked."""

ROUNDS = 5


@pytest.mark.benchmark(group="report")
def test_a_page(benchmark):
    found = benchmark.pedantic(lambda: once(__file__, "first") | once(__file__, "next"), rounds=1)
    told(benchmark, "A page of 288 cells", {name: ns / 1e6 for name, ns in found.items()}, "ms")
    assert found["the first page, imports and writing included"] <= MOST_FIRST_S * 1e9
    assert found["a page"] <= MOST_RATIO * found["its run as JSON"]


# In a child


def made_run():
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.report.sample import sample_run

    run = sample_run()
    run.scenarios.append(sample_run().scenarios[0])
    run.scenarios[1].name = "again"
    return run


def first():
    run = made_run()
    start = time.process_time_ns()
    from perfkit.report.files import write_report

    with tempfile.TemporaryDirectory() as folder:
        write_report(run, Path(folder) / "run.json.gz")
    return {"the first page, imports and writing included": time.process_time_ns() - start}


def next_ones():
    import msgspec

    from perfkit.report.formats.html import render
    from perfkit.report.view.page import page

    run = made_run()
    parts = {
        "its run as JSON": lambda _: msgspec.json.encode(run),
        "what it says": lambda _: page(run),
        "a page": lambda _: render(run),
    }
    for part in parts.values():
        part(1)
    return {name: min(per_call(part, 1) for _ in range(ROUNDS)) for name, part in parts.items()}


if __name__ == "__main__":
    serve({"first": first, "next": next_ones}[sys.argv[1]])
