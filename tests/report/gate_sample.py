"""Gates to test reports with: one of each change and verdict."""

from perfkit.model import Change, Difference, Environment, Frame, Gate, Git, Machine, Run, Timing, Verdict

MACHINE = Machine(
    "2026-11-22T00:00:00+00:00",
    Environment("3.11.7", "CPython", "Linux", "x86_64", 2),
    Git("0123456789abcdef", "feature/page", False),
)
SAYS = "+99 SELECT act WHERE lead = ? at app/views.py:41 (n=100): O(1) -> O(n)"
SLOWER = Timing(
    "benchmarks/test_views.py::test_page",
    Verdict.REGRESSED,
    ratio=1.052,
    low=1.031,
    high=1.08,
    pairs=8,
    base_ns=1_200_000,
    head_ns=1_262_000,
    noise=0.006,
    detectable=0.019,
    method="fork",
    real_ns=1_900_000_000,
    base_instructions=1_000_000,
    head_instructions=1_050_000,
)
SAME = Timing(
    "benchmarks/test_views.py::test_list", Verdict.NO_CHANGE, ratio=1.001, pairs=5, detectable=0.016
)
FASTER = Timing("benchmarks/test_views.py::test_fast", Verdict.IMPROVED, ratio=0.8, pairs=5, detectable=0.02)
UNDECIDED = Timing(
    "benchmarks/test_views.py::test_new", Verdict.INCONCLUSIVE, reason="base has no such benchmark"
)


def worse(**changes):
    fields = {
        "baseline": "leads",
        "entry": "own/serial",
        "change": Change.WORSE,
        "metric": "query",
        "template": "SELECT act WHERE lead = ?",
        "size": 100,
        "before": 1,
        "after": 100,
        "growth_before": "O(1)",
        "growth_after": "O(n)",
        "site": Frame("app/views.py", 41, "page"),
        "says": SAYS,
    }
    return Difference(**(fields | changes))


def run_of(gate, kind="gate", **more):
    return Run(kind=kind, clock="wall", seed=1, machine=MACHINE, perfkit="0.1.0", gate=gate, **more)


def failing_gate():
    """A line of each kind, two of them worse; a benchmark of each verdict; a problem and a note."""
    better = worse(
        change=Change.BETTER, baseline="orders", says="-6 GET /orders (n=10)", site=None, growth_after="O(1)"
    )
    inputs = worse(change=Change.INPUTS, baseline="stock", metric="seed", says="other inputs: seed 1, now 2")
    other = worse(metric="finding", says="new finding PK102", growth_after="O(1)")
    return run_of(
        Gate(
            base="main (0123456789ab)",
            head="work tree",
            compared=312,
            differences=[inputs, worse(), better, other],
            timings=[SAME, UNDECIDED, SLOWER, FASTER],
            notes=["only head has test_other"],
            problems=["tests/test_broken.py could not be collected"],
        )
    )


def hostile_gate(text):
    """A gate in which everything that comes from outside is ``text``."""
    difference = worse(
        baseline=text,
        entry=text,
        metric=text,
        template=text,
        state=text,
        says=text,
        site=Frame(text, 1, text),
    )
    timing = Timing(text, Verdict.INCONCLUSIVE, reason=text)
    gate = Gate(
        base=text, head=text, differences=[difference], timings=[timing], notes=[text], problems=[text, text]
    )
    return run_of(gate, warnings=[text], command=[text])
