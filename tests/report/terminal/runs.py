"""The runs whose reports are kept as golden files."""

from msgspec.structs import replace

from perfkit.model import Gate, Target
from tests.report.gate_sample import SAME, failing_gate, run_of
from tests.report.sample import analysis_run, empty_run, failing_run, sample_run, trace_run
from tests.report.view.test_tuned import run as tuned_run


def several():
    """A run of two scenarios."""
    run = sample_run()
    other = sample_run(groups=("aiohttp",), sizes=[20, 200]).scenarios[0]
    run.scenarios.append(replace(other, name="contacts", title="Contacts", claims=[], predictions=[]))
    return run


def passing_gate():
    return run_of(Gate(base="main", head="work tree", compared=312, timings=[SAME], notes=["a", "b", "c"]))


def with_targets():
    """A target of each verdict."""
    run = sample_run(groups=("aiohttp",), sizes=[20, 200])
    run.targets = [
        Target("response", "leads: aiohttp_in_filter at 200 leads on own server", 1e8, 2e8, "one sample"),
        Target(
            "throughput", "leads: aiohttp_in_filter at 200 leads on own server", 100, 1000, "leads a second"
        ),
        Target(
            "cpu",
            "leads: aiohttp_in_filter at 200 leads on own server",
            0.7,
            None,
            "virtual time counts none",
        ),
    ]
    return run


RUNS = {
    "bench": sample_run,
    "several": several,
    "failing": failing_run,
    "targets": with_targets,
    "trace": trace_run,
    "analysis": analysis_run,
    "tuning": tuned_run,
    "gate": failing_gate,
    "gate_pass": passing_gate,
    "empty": empty_run,
}
