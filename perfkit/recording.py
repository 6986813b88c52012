"""``perfkit.record``: a recording with the probes switched on and the rules at hand.

The only place that joins tracing, probes and rules; each of them knows nothing of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from perfkit.errors import BudgetError, UnknownNameError, UsageError
from perfkit.model import Finding, HostFacts, Trace
from perfkit.probes import instrument, version_problems
from perfkit.tracing import Clock, Recording
from perfkit.tracing.recorder import DEFAULT_MAX_SPANS

if TYPE_CHECKING:
    from perfkit.rules import Allowed, Limits

AUTO = "auto"

_LIMITS = {
    "max_queries": "query",
    "max_requests": "request",
    "max_connects": "connect",
    "max_transactions": "transaction",
}
"""Each limit of ``assert_ok`` and the kind of span it counts."""


class record(Recording):  # noqa: N801 - used as a statement, as in `with record()`
    """Record what runs inside: ``with perfkit.record() as rec: ...`` (or ``async with``).

    ``probes``: "auto" for the libraries in use, () for none, or names; of those named, each that saw
    nothing is stated in the trace's warnings. ``clock``, ``hosts``, ``max_spans``, ``keep_values``: see
    Recording. ``explain`` asks SQLite and PostgreSQL for the plan of each SELECT, once per template, so that
    PK303 can tell what reads a whole table; never of a statement that writes. ``limits``: from when on the
    rules speak (default: as [tool.perfkit] and PERFKIT_* say). Afterwards: ``rec.trace``, ``rec.counts``,
    ``rec.timings``, ``rec.findings()``, ``rec.allowed()``, ``rec.assert_ok()``. Recordings nest; an outer one
    also holds the spans of the inner ones.

    >>> with record() as rec:
    ...     pass
    >>> rec.counts["request"]
    0
    """

    def __init__(
        self,
        *,
        probes: str | tuple[str, ...] = AUTO,
        clock: Clock | None = None,
        hosts: list[HostFacts] | None = None,
        max_spans: int = DEFAULT_MAX_SPANS,
        whole_process: bool = False,
        keep_values: bool = False,
        explain: bool = False,
        limits: Limits | None = None,
    ) -> None:
        if not isinstance(max_spans, int) or max_spans < 1:
            raise UsageError(f"record(max_spans={max_spans!r}): name a whole number of spans, 1 or more")
        super().__init__(
            clock=clock,
            hosts=hosts,
            max_spans=max_spans,
            whole_process=whole_process,
            keep_values=keep_values,
            explain=explain,
        )
        self._limits = limits
        self._wanted = (probes,) if isinstance(probes, str) else tuple(probes)

    def __enter__(self) -> record:
        self.probes = instrument(*self._wanted) if self._wanted else []
        super().__enter__()
        return self

    async def __aenter__(self) -> record:
        return self.__enter__()

    def complete(self, trace: Trace) -> None:
        """State the probes that were expected and saw nothing, and libraries in versions not tested."""
        trace.warnings += version_problems(self.probes)
        if self.closed and AUTO not in self._wanted:
            seen = {span.attrs.get("library") for span in trace.spans}
            trace.warnings += [_saw_nothing(name) for name in self._wanted if name not in seen]

    def findings(self) -> list[Finding]:
        """What the rules find in the spans so far, the costliest first; without what is allowed.

        Thresholds are those given as ``limits``, or else those of the settings. Raises ConfigError where
        these cannot be read.
        """
        from perfkit.rules import check

        return check(self.trace, self._limits_in_force())

    def allowed(self) -> Allowed:
        """What ``perfkit.allow`` permitted, and the sentences about permissions that nothing needed."""
        from perfkit.rules import check_allowed

        return check_allowed(self.trace, self._limits_in_force())

    def _limits_in_force(self) -> Limits:
        from perfkit.config import load
        from perfkit.rules import Limits

        return self._limits or Limits.of(load())

    def assert_ok(self, *, no: tuple[str, ...] | None = None, **limits: int) -> None:
        """Raise BudgetError, which is an AssertionError, if a limit is broken.

        ``max_queries=5, max_requests=3, max_connects=1, max_transactions=1`` limit counts; any rule's
        finding breaks it too, or only those of the rules named in ``no``. So does a probe that was expected
        by name and saw nothing: a limit that nothing was counted for is no limit.

        >>> with record() as rec:
        ...     pass
        >>> rec.assert_ok(max_queries=0)
        """
        unknown = sorted(set(limits) - set(_LIMITS))
        if unknown:
            raise UsageError(f"assert_ok knows no limit {unknown[0]!r}; it knows {', '.join(_LIMITS)} and no")
        from perfkit.rules import available, load

        names = {name for code in available() for name in (code, load(code).NAME)}
        for name in no or ():
            if name not in names:
                raise UnknownNameError("rule", name, names)
        trace, counts = self.trace, self.counts
        broken = [
            f"{counts[_LIMITS[name]]} {_LIMITS[name]} spans, {name}={limit}"
            for name, limit in limits.items()
            if counts[_LIMITS[name]] > limit
        ]
        broken += [_sentence(f) for f in self.findings() if no is None or f.rule in no or f.name in no]
        broken += [warning for warning in trace.warnings if warning.startswith(_SAW_NOTHING)]
        if trace.dropped and limits:
            broken.append(f"{trace.dropped} spans were dropped and not counted: raise max_spans")
        if broken:
            raise BudgetError("; ".join(broken))


_SAW_NOTHING = "expected to see"


def _saw_nothing(probe: str) -> str:
    return (
        f"{_SAW_NOTHING} {probe} at work, and saw nothing: it was not used here, or in a way that its probe "
        "does not watch (connections made before the recording, an untested version)"
    )


def _sentence(finding: Finding) -> str:
    place = f" at {finding.site}" if finding.site else ""
    return f"{finding.rule} {finding.name}{place}: {finding.count} x {finding.template}"
