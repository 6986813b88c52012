"""Times of two runs that were made apart, a verdict for each benchmark that both have."""

from __future__ import annotations

from perfkit.bench.compare.stored import Benchmark, Stored
from perfkit.model import Timing, Verdict
from perfkit.stats import unpaired

ONE_MOMENT = (
    "Two runs made apart differ in moment, process layout and load, which no statistics takes away; "
    "perfkit gate --base measures both revisions side by side."
)


def timings(base: Stored, head: Stored) -> list[Timing]:
    """Of the benchmarks that both have; the level is shared among them, so that many do not alarm by luck."""
    common = [name for name in base.benchmarks if name in head.benchmarks]
    unlike = unlike_machines(base, head)
    level = 1 - (1 - unpaired.LEVEL) / max(1, len(common))
    return [_timing(name, base.benchmarks[name], head.benchmarks[name], unlike, level) for name in common]


def unlike_machines(base: Stored, head: Stored) -> str:
    """Why times of the two do not compare at all, as far as the files tell; "" if nothing says so."""
    shown = [
        f"{name} {base.machine[name]} and {head.machine[name]}"
        for name in base.machine
        if name in head.machine and base.machine[name] != head.machine[name]
    ]
    shown += [
        f"two {name}"
        for name in base.hidden
        if name in head.hidden and base.hidden[name] != head.hidden[name]
    ]
    return f"made with {'; '.join(shown)}" if shown else ""


def unchanged(base: Stored) -> list[Timing]:
    """The verdict on a run beside itself."""
    return [
        Timing(
            name,
            Verdict.NO_CHANGE,
            ratio=1.0,
            base_ns=round(found.median_ns),
            head_ns=round(found.median_ns),
            method="unpaired",
            reason="the same run",
        )
        for name, found in base.benchmarks.items()
    ]


def _timing(name: str, base: Benchmark, head: Benchmark, unlike: str, level: float) -> Timing:
    if not min(base.least_ns, head.least_ns, base.median_ns, head.median_ns) > 0:
        return Timing(
            name, Verdict.INCONCLUSIVE, method="unpaired", reason="a time of 0: its clock is too coarse"
        )
    found = _of_processes if _has_processes(base, head) else _of_one
    timing = found(name, base, head, level)
    wrong = "; ".join(filter(None, (unlike, _wrong("base", base), _wrong("head", head))))
    return _undecided(timing, wrong) if wrong else timing


def _has_processes(base: Benchmark, head: Benchmark) -> bool:
    return min(len(base.processes_ns), len(head.processes_ns)) >= unpaired.MIN_PROCESSES


def _of_processes(name: str, base: Benchmark, head: Benchmark, level: float) -> Timing:
    found = unpaired.welch(base.processes_ns, head.processes_ns, level=level)
    return Timing(
        name,
        found.verdict,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        level=found.level,
        base_ns=round(base.median_ns),
        head_ns=round(head.median_ns),
        noise=found.noise,
        detectable=found.detectable,
        method="unpaired",
        reason=f"{len(base.processes_ns)} and {len(head.processes_ns)} processes",
    )


def _of_one(name: str, base: Benchmark, head: Benchmark, level: float) -> Timing:
    """The ratio of the least times, which of all summaries moves least by itself."""
    ratio, median = head.least_ns / base.least_ns, head.median_ns / base.median_ns
    few = max(len(base.processes_ns), len(head.processes_ns)) > 1
    why = f"fewer than {unpaired.MIN_PROCESSES} processes" if few else "one process"
    return Timing(
        name,
        unpaired.single(ratio, median),
        ratio=ratio,
        base_ns=round(base.median_ns),
        head_ns=round(head.median_ns),
        method="unpaired",
        reason=f"{why} a side: least times x{ratio:.3f}, medians x{median:.3f}; "
        f"below {100 * unpaired.APART:.0f} % no proof",
    )


def _undecided(timing: Timing, reason: str) -> Timing:
    from msgspec.structs import replace

    return replace(timing, verdict=Verdict.INCONCLUSIVE, reason=f"{reason} ({timing.reason})")


def _wrong(side: str, found: Benchmark) -> str:
    """Why that side's times are not to be trusted."""
    if found.broken:
        return f"{side}: {found.broken}"
    if len(found.processes_ns) < unpaired.MIN_PROCESSES:
        return ""
    apart = unpaired.spread(found.processes_ns)
    busy = apart > unpaired.BUSY
    return f"{side}: its processes lie {100 * apart:.0f} % apart, the machine was busy" if busy else ""
