"""Taking what was measured as the new baseline: with a reason where a growth class gets worse."""

from __future__ import annotations

from dataclasses import replace

from perfkit.bench.baselines.comparing import MINOR, compare
from perfkit.bench.baselines.document import Baseline, Entry
from perfkit.bench.baselines.wording import changed, is_worse_growth
from perfkit.errors import BaselineError
from perfkit.model import Difference


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
            _keep_other_minors(before.entries[name], entry)
    if partial:
        result.entries = {**before.entries, **result.entries}
    return replace(result, reasons=before.reasons) if _same(before, result) else result


def worse_growth(before: Baseline, measured: Baseline) -> list[Difference]:
    """The lines that come to grow faster."""
    return [d for d in compare(before, measured, partial=True).differences if is_worse_growth(d)]


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


def _keep_other_minors(before: Entry, after: Entry) -> None:
    states = {"warm": before.states.get("cold", {}), **before.states}
    alike = all(states.get(state) == metrics for state, metrics in after.states.items())
    if alike and before.inputs == after.inputs:
        after.python = {**{m: v for m, v in before.python.items() if m != MINOR}, **after.python}


def _same(before: Baseline, after: Baseline) -> bool:
    return replace(before, reasons=[]).text() == replace(after, reasons=[]).text()
