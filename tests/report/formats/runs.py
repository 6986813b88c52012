"""A run of every kind, for tests that hold for each format."""

from msgspec.structs import replace

from perfkit.model import Change, Frame, Target
from perfkit.model.profile import AllocationSite, CallTree, Profile
from tests.report.gate_sample import failing_gate, hostile_gate, run_of, worse
from tests.report.sample import analysis_run, empty_run, failing_run, hostile_run, sample_run, trace_run
from tests.report.view.test_tuned import run as tuned_run

HOSTILE = (
    "](http://x.test) | `b` <img src=x onerror=alert(1)> ![i](//y) @you #12 GH-1 www.z.test "
    "~~s~~ $x$ \" ' , ;\r\n"
    "# head\n=1+1\x00\x1b[31m\ud800 \u202etxt \\ --> ]]> </script> ::error::%0A {0} \u2028"
)

MET = Target("response", "leads: in_filter at 200 leads on own server", 2e9, 1.06e9, "median of 3 samples")
MISSED = Target("query", "shop/page at 100 rows", 5e6, 7.25e6, "the slowest query")
UNKNOWN = Target("memory", "shop/page at 100 rows", 2e8, None, "memray is not installed")


def with_targets():
    run = sample_run(groups=("aiohttp",), sizes=[20])
    run.targets = [MET, MISSED, UNKNOWN]
    return run


def with_profiles():
    main, parse, lib = Frame("app.py", 9, "main"), Frame("app.py", 4, "parse"), Frame("json", 0, "loads")
    tree = CallTree([main, parse, lib], [True, True, False], [-1, 0, 1], [0, 1, 2], [3_000, 12_000, 7_000])
    run = trace_run()
    run.profiles = [
        Profile("cpu", "import", "pyinstrument 5.0", 22_000, 1_000, 22, tree=tree),
        Profile(
            "memory", "import", "memray 1.20", peak_bytes=22_000, tree=tree, top=[AllocationSite(parse, 9, 1)]
        ),
    ]
    return run


def against():
    """A run beside another one: one of its findings is new, the others are known, and one is gone."""
    run = sample_run(groups=("aiohttp",), sizes=[20, 200])
    found = next(cell.findings[0] for cell in run.scenarios[0].cells if cell.findings)
    gone = replace(found, template="GET old.test/items/{id}")
    run.gate = replace(failing_gate().gate, strict=False)
    run.gate.differences += [
        worse(metric="finding", finding=found, says="new finding PK102"),
        worse(metric="finding", change=Change.BETTER, finding=gone, says="fixed PK102"),
    ]
    return run


RUNS = {
    "bench": lambda: sample_run(groups=("aiohttp",), sizes=[20, 200]),
    "failing": failing_run,
    "trace": trace_run,
    "profiles": with_profiles,
    "gate": failing_gate,
    "compare": lambda: run_of(replace(failing_gate().gate, strict=False), kind="compare"),
    "against": against,
    "tune": tuned_run,
    "tune failed": lambda: tuned_run(chosen=None),
    "analysis": analysis_run,
    "empty": empty_run,
    "targets": with_targets,
    "interrupted": lambda: empty_run(interrupted=True),
    "hostile": lambda: hostile_run(HOSTILE),
    "hostile gate": lambda: hostile_gate(HOSTILE),
    "long": lambda: hostile_run("q\u00e9" * 5_000),
}
