"""Differences in words: what changed first, where, at which size, and what to do about it."""

from __future__ import annotations

from typing import NamedTuple

from perfkit.bench.baselines.document import Baseline
from perfkit.bench.baselines.metrics import FAILED, FINDING, finding_parts
from perfkit.model import Change, Difference, Finding, Frame
from perfkit.rules.savings import text as duration
from perfkit.stats.growth_class import big_o, is_worse_class

_NAMES = {
    "time_ns": "virtual time",
    "peak_bytes": "allocation peak",
    "depth": "dependent round trips",
    "bytes_sent": "bytes sent",
    "bytes_received": "bytes received",
    "query": "queries",
    "request": "requests",
    "connect": "connections",
    "transaction": "transactions",
}


def record(baseline: Baseline, reason: str = "why") -> str:
    """The command that takes what is measured now."""
    if baseline.kind == "tests":
        return f'pytest {baseline.name} --perfkit-baselines=update --perfkit-reason "{reason}"'
    return f'perfkit gate --update {baseline.name} --reason "{reason}"'


class Maker(NamedTuple):
    """Makes the differences of one entry of a baseline."""

    baseline: Baseline
    entry: str

    def difference(
        self,
        change: Change,
        *,
        metric: str,
        template: str,
        state: str,
        size: int,
        before: int,
        after: int,
        growth_before: str,
        growth_after: str,
        site: Frame | None,
        detail: str = "",
        finding: Finding | None = None,
    ) -> Difference:
        """Of one line of the baseline."""
        made = Difference(
            self.baseline.name, self.entry, change, metric, template, state, size, before, after,
            growth_before, growth_after, site, finding=finding,
        )  # fmt: skip
        return _says(made, f"{changed(made)}{f': {detail}' if detail else ''}; {self._advice(made)}")

    def size(self, change: Change, size: int) -> Difference:
        """A size that only one of both has."""
        said = "is not in the baseline" if change is Change.NEW else "was not measured"
        made = Difference(self.baseline.name, self.entry, change, "size", size=size)
        return _says(made, f"size {size} {said}: {self.entry}; take it: {record(self.baseline)}")

    def unseen(self, kind: str, size: int, count: int) -> Difference:
        """A kind of operation that the probes saw none of."""
        made = Difference(
            self.baseline.name, self.entry, Change.UNSEEN, kind, size=size, before=count, after=0
        )
        return _says(
            made,
            f"expected probe saw nothing: {_NAMES[kind]}{_at_size(size)}, {count} in the baseline, none seen "
            f"in {self.entry}. Is the library still watched (perfkit list)? If they are gone on purpose: "
            f"{record(self.baseline)}",
        )

    def inputs(self, changes: list[str]) -> Difference:
        """Values that depend on something that is another now."""
        made = Difference(self.baseline.name, self.entry, Change.INPUTS, "inputs")
        of = f" of {self.entry}" if self.entry else ""
        return _says(
            made,
            f"inputs{of} changed ({'; '.join(changes)}): nothing to compare with; "
            f"re-record: {record(self.baseline, 'inputs changed')}",
        )

    def missing(self, why: str) -> Difference:
        """An entry, or all, that cannot be compared."""
        made = Difference(self.baseline.name, self.entry, Change.MISSING, "baseline")
        return _says(made, why)

    def _advice(self, made: Difference) -> str:
        if made.change in (Change.BETTER, Change.VANISHED):
            return f"record the improvement: {record(self.baseline)}"
        return f"if it is meant: {record(self.baseline)}"


def new_entry(baseline: Baseline, name: str) -> Difference:
    """An entry that the baseline does not have."""
    made = Difference(baseline.name, name, Change.NEW, "entry")
    return _says(made, f"{name} is not in the baseline; record it: {record(baseline, 'new')}")


def vanished_entry(baseline: Baseline, name: str) -> Difference:
    """An entry that only the baseline has."""
    made = Difference(baseline.name, name, Change.VANISHED, "entry")
    what = "strategy or world" if baseline.kind == "scenario" else "test"
    return _says(
        made,
        f"{name} is in the baseline, and no {what} has it; record it: {record(baseline, 'removed')}",
    )


def changed(made: Difference) -> str:
    """What changed, where, and at which size; without what to do.

    >>> from perfkit.model import Frame
    >>> site = Frame("app/views.py", 41, "page")
    >>> changed(Difference("leads", "web/page", Change.WORSE, "query", "SELECT act WHERE lead = ?", "cold",
    ...     100, 1, 100, "1", "n", site))
    '+99 SELECT act WHERE lead = ? at app/views.py:41 (n=100): O(1) -> O(n), web/page'
    """
    at = f" at {made.site.file}:{made.site.line}" if made.site is not None and not _is_less(made) else ""
    grows = f": {_growth(made)}" if _growth(made) else ""
    return f"{amount(made)}{at}{_at_size(made.size)}{grows}, {made.entry}{_state(made)}"


def amount(made: Difference) -> str:
    """How much more or less of what, in short."""
    before, after = made.before or 0, made.after or 0
    if made.metric == FINDING:
        what, place = finding_parts(f"{FINDING} {made.template}")
        return f"{after - before:+d} finding {what} ({place})"
    if made.metric == FAILED:
        return "it fails" if after else "it fails no more"
    if made.metric == "time_ns":
        sign = "+" if after > before else "-"
        said = f"{duration(before)} -> {duration(after)} ({sign}{duration(abs(after - before))})"
        return f"virtual time {said}"
    name = _NAMES.get(made.metric, made.metric.replace("_", " "))
    if not made.template:
        return f"{name} {before:,} -> {after:,} ({after - before:+,})"
    kind = {"query": "", "request": "", "connect": "connect ", "transaction": ""}.get(
        made.metric, f"{name} of "
    )
    return f"{after - before:+,} {kind}{made.template}"


def is_worse_growth(made: Difference) -> bool:
    """Whether the growth class got worse."""
    return is_worse_class(made.growth_before, made.growth_after)


def _growth(made: Difference) -> str:
    """Classes that differ: fitted exponents of one class do not."""
    before, after = made.growth_before, made.growth_after
    if made.metric in (FAILED, FINDING):
        return ""
    if made.change is Change.NEW and not made.before:
        return big_o(after)
    differs = is_worse_class(before, after) or is_worse_class(after, before)
    return f"{big_o(before)} -> {big_o(after)}" if differs else ""


def _is_less(made: Difference) -> bool:
    return (made.after or 0) < (made.before or 0)


def _at_size(size: int) -> str:
    return f" (n={size})" if size else ""


def _state(made: Difference) -> str:
    return "" if made.state == "cold" else f" ({made.state})"


def _says(made: Difference, says: str) -> Difference:
    from msgspec.structs import replace

    return replace(made, says=says)


def left_file(name: str, file: str) -> Difference:
    """A file of a scenario that does not exist."""
    made = Difference(name, "", Change.VANISHED, "baseline")
    return _says(made, f"no scenario is named {name}: delete {file}, or bring the scenario back")
