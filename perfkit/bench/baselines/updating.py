"""Taking what was measured as the new baseline: with a reason where a growth class gets worse."""

from __future__ import annotations

from dataclasses import replace

from perfkit.bench.baselines.comparing import MINOR, compare
from perfkit.bench.baselines.document import Baseline, Entry
from perfkit.bench.baselines.wording import changed, is_worse_growth
from perfkit.errors import BaselineError
from perfkit.model import Difference
from perfkit.rules.growth import COUNTED


def updated(
    before: Baseline | None, measured: Baseline, reason: str = "", *, partial: bool = False
) -> Baseline:
    """The baseline to write: ``measured``, with the reasons so far and this one.

    Bytecodes and memory under other versions of Python stay for entries of which nothing else changed. With
    ``partial`` entries that were not measured stay, too. Raises BaselineError for a growth class that gets
    worse without a reason.
    """
    reason = " ".join(reason.split())
    if before is None:
        return _plain(measured, [reason] if reason else [])
    worse = [] if reason else worse_growth(before, measured)
    if worse:
        raise BaselineError(
            f"{measured.name} was not updated: it grows faster than before. {changed(worse[0])}. "
            "Say why it may, with --reason TEXT."
        )
    result = _plain(measured, before.reasons + ([reason] if reason else []))
    for name, entry in result.entries.items():
        if name in before.entries:
            _keep_other_figures(before.entries[name], entry)
    result.peaks_of = _peaks_of(before, result)
    if partial:
        result.entries = {**before.entries, **result.entries}
    return replace(result, reasons=before.reasons) if _same(before, result) else result


def worse_growth(before: Baseline, measured: Baseline) -> list[Difference]:
    """The lines that come to grow faster, operations first; also where inputs are others."""
    lines = compare(_with_inputs_of(measured, before), measured, partial=True).lines
    worse = [line for line in lines if is_worse_growth(line)]
    return sorted(worse, key=lambda line: (line.metric not in COUNTED, not line.template))


def _with_inputs_of(measured: Baseline, before: Baseline) -> Baseline:
    entries = {
        name: replace(entry, inputs=measured.entries[name].inputs) if name in measured.entries else entry
        for name, entry in before.entries.items()
    }
    return replace(before, inputs=measured.inputs, worlds=measured.worlds, entries=entries)


def dropped_minors(before: Baseline, after: Baseline) -> list[str]:
    """Versions of Python whose figures an update left out, since the entry changed."""
    return sorted(
        {
            minor
            for name, entry in before.entries.items()
            if name in after.entries
            for minor in entry.python
            if minor not in after.entries[name].python
        }
    )


def _plain(measured: Baseline, reasons: list[str]) -> Baseline:
    """A copy without what only a measured one has, that updates may change."""
    entries = {
        name: Entry(dict(e.states), dict(e.python), dict(e.places), dict(e.inputs))
        for name, e in measured.entries.items()
    }
    return replace(measured, reasons=reasons, entries=entries)


def _peaks_of(before: Baseline, after: Baseline) -> dict[str, str]:
    known = {m for e in after.entries.values() for m, metrics in e.python.items() if "peak_bytes" in metrics}
    return {minor: of for minor, of in {**before.peaks_of, **after.peaks_of}.items() if minor in known}


def _keep_other_figures(before: Entry, after: Entry) -> None:
    """Those under other versions of Python, and what could not be measured here."""
    states = {"warm": before.states.get("cold", {}), **before.states}
    alike = all(states.get(state) == metrics for state, metrics in after.states.items())
    was, now = before.python.get(MINOR, {}), after.python.get(MINOR, {})
    if alike and before.inputs == after.inputs:
        after.python = {**before.python, **after.python}
        if now and all(was.get(metric) == values for metric, values in now.items()):
            after.python[MINOR] = {**was, **now}


def _same(before: Baseline, after: Baseline) -> bool:
    return replace(before, reasons=[]).text() == replace(after, reasons=[]).text()
