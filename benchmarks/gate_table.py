"""The table of the gate's experiment: what each tool said of each change, with 95 % bounds (Wilson)."""

import statistics

from gate_fixture import BENCHMARKS, UNITS
from gate_rules import asv_continuous, compare_fail, wilson

CHANGES = {"neutral": "none", "slow2.5": "+2.5 %", "slow5": "+5 %", "slow10": "+10 %"}
BUSY = 4.5
"""Load average of two cores from which on a trial has less than half of what it needs."""

SITUATIONS = (
    f"Load average up to {BUSY:g}",
    f"Load average above {BUSY:g}: others have most of the machine",
    "Two other processes work in bursts",
)
VERDICTS = ("regressed", "no change", "inconclusive", "improved")


def render(trials):
    """Markdown: what the gate said, and what all tools flagged; by how busy the machine was."""
    parts = []
    for title in SITUATIONS:
        some = [one for one in trials if _situation(one) == title]
        if some:
            parts += [f"### {title}", _machine(some), _gate(some), _flagged(some)]
    return "\n\n".join(parts)


def _situation(trial):
    if trial["load"]:
        return SITUATIONS[2]
    return SITUATIONS[trial["loadavg"] > BUSY]


def _machine(trials):
    loads = sorted(one["loadavg"] for one in trials)
    engines = {one["engine"] for one in trials if one["kind"].startswith("gate")}
    mixed = f" The gate's code had {len(engines)} states." if len(engines) > 1 else ""
    return f"{len(trials)} trials; load average before a trial: median {statistics.median(loads):.1f}.{mixed}"


def _gate(trials):
    rows = ["change | benchmark | trials | " + " | ".join(VERDICTS) + " | regressed, 95 % | pairs | seconds"]
    rows.append(" | ".join(["---"] * (len(VERDICTS) + 6)))
    for branch, change in CHANGES.items():
        for name in BENCHMARKS:
            timings = [one["results"][name] for one in trials if one["kind"] == f"gate {branch}"]
            if timings:
                rows.append(_gate_row(change, name, timings))
    return "\n".join(f"| {row} |" for row in rows)


def _gate_row(change, name, timings):
    counts = [sum(one["verdict"] == verdict for one in timings) for verdict in VERDICTS]
    low, high = wilson(counts[0], len(timings))
    pairs = statistics.median(one["pairs"] for one in timings)
    seconds = sorted(one["real_ns"] / 1e9 for one in timings)
    shown = f"{statistics.median(seconds):.1f}, at most {seconds[-1]:.1f}"
    between = f"{low:.1%} to {high:.1%}"
    return " | ".join(map(str, [change, name, len(timings), *counts, between, f"{pairs:g}", shown]))


def _flagged(trials):
    rows = ["rule | " + " | ".join(f"{change}: {', '.join(BENCHMARKS)}" for change in CHANGES.values())]
    rows.append(" | ".join(["---"] * (len(CHANGES) + 1)))
    for rule, flagged in flags(trials).items():
        cells = [", ".join(_share(flagged[branch, name]) for name in BENCHMARKS) for branch in CHANGES]
        rows.append(" | ".join([rule, *cells]))
    return "\n".join(f"| {row} |" for row in rows)


def _share(said):
    return f"{sum(said)}/{len(said)}" if said else "-"


def flags(trials):
    """{rule: {(branch, benchmark): [whether it was flagged as slower, ...]}}"""
    rules = {"perfkit gate --base": _gate_flags(trials)}
    for field in ("mean", "median", "min"):
        rules[f"pytest-benchmark {field}:5%"] = _peer_flags(
            trials, "pytest-benchmark", lambda base, head, field=field: compare_fail(base[field], head[field])
        )
    for factor in (1.1, 1.05):
        rules[f"asv, factor {factor}"] = _peer_flags(
            trials, "asv", lambda base, head, factor=factor: asv_continuous(base, head, factor)
        )
    return rules


def _gate_flags(trials):
    return {
        (branch, name): [
            one["results"][name]["verdict"] == "regressed"
            for one in trials
            if one["kind"] == f"gate {branch}"
        ]
        for branch in UNITS
        for name in BENCHMARKS
    }


def _peer_flags(trials, kind, rule):
    rounds = [one["results"] for one in trials if one["kind"] == kind]
    return {
        (branch, name): [rule(results["main"][name], results[branch][name]) for results in rounds]
        for branch in CHANGES
        for name in BENCHMARKS
    }
