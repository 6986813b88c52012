"""Batches that are sent half empty: fewer and fuller ones do the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfkit.bench.tuning.suggest.case import Advice, Case

LOOKED_AT = "how full batches are"

MIN_BATCHES = 3
HALF = 0.5


def check(case: Case) -> Iterator[Advice]:
    """One advice for each host whose batches are less than half full in the mean."""
    sizes: dict[Any, list[int]] = {}
    for span in case.spans("request"):
        # a single call of a batch service counts as a batch of one, and is PK102's business
        if "batch" in span.attrs and int(span.attrs["batch"] or 0) > 0:
            sizes.setdefault(span.attrs.get("host"), []).append(int(span.attrs["batch"]))
    for host, sent in sizes.items():
        most = case.trace.facts(host).batch_size if case.trace else None
        filled = [count for count in sent if count > 1]
        if not most or len(filled) < MIN_BATCHES or sum(filled) >= HALF * most * len(filled):
            continue
        mean = sum(filled) / len(filled)
        enough = -(-sum(filled) // most)
        yield Advice(
            "batches",
            f"Collect more before a batch is sent: {enough:,} full batches carry what {len(filled):,} did.",
            f"A batch may carry {most} commands; these carried {mean:.3g} in the mean.",
            (f"{len(filled):,} batches", f"{sum(filled):,} commands", f"{100 * mean / most:.0f} % full"),
            case.where,
            case.about,
        )
