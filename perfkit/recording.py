"""``perfkit.record``: a recording with the probes switched on and the rules at hand.

The only place that joins tracing, probes and rules; each of them knows nothing of the others.
"""

from __future__ import annotations

from perfkit.errors import BudgetError, UsageError
from perfkit.model import Finding, HostFacts
from perfkit.probes import instrument
from perfkit.rules import check
from perfkit.tracing import Clock, Recording
from perfkit.tracing.recorder import DEFAULT_MAX_SPANS


class record(Recording):  # noqa: N801 - used as a statement, as in `with record()`
    """Record what runs inside: ``with perfkit.record() as rec: ...`` (or ``async with``).

    ``probes``: "auto" for the libraries in use, or names. ``clock``, ``hosts``, ``max_spans``: see Recording.
    Afterwards: ``rec.trace``, ``rec.counts``, ``rec.timings``, ``rec.findings()``, ``rec.assert_ok()``.
    Recordings nest; an outer one also holds the spans of the inner ones.

    >>> with record() as rec:
    ...     pass
    >>> rec.counts["request"]
    0
    """

    def __init__(
        self,
        *,
        probes: str | tuple[str, ...] = "auto",
        clock: Clock | None = None,
        hosts: list[HostFacts] | None = None,
        max_spans: int = DEFAULT_MAX_SPANS,
        whole_process: bool = False,
    ) -> None:
        super().__init__(clock=clock, hosts=hosts, max_spans=max_spans, whole_process=whole_process)
        self._wanted = (probes,) if isinstance(probes, str) else probes

    def __enter__(self) -> record:
        self.probes = instrument(*self._wanted)
        super().__enter__()
        return self

    async def __aenter__(self) -> record:
        return self.__enter__()

    def findings(self) -> list[Finding]:
        """What the rules find in the spans so far, the costliest first."""
        return check(self.trace)

    def assert_ok(self, *, no: tuple[str, ...] | None = None, **limits: int) -> None:
        """Raise BudgetError, which is an AssertionError, if a limit is broken.

        ``max_queries=5, max_requests=3, max_connects=1`` limit counts; any rule's finding breaks it too,
        or only those of the rules named in ``no``.

        >>> with record() as rec:
        ...     pass
        >>> rec.assert_ok(max_queries=0)
        """
        kinds = {"max_queries": "query", "max_requests": "request", "max_connects": "connect"}
        unknown = sorted(set(limits) - set(kinds))
        if unknown:
            raise UsageError(f"assert_ok knows no limit {unknown[0]!r}; it knows {', '.join(kinds)} and no")
        broken = [
            f"{self.counts[kinds[name]]} {kinds[name]} spans, {name}={limit}"
            for name, limit in limits.items()
            if self.counts[kinds[name]] > limit
        ]
        broken += [_sentence(f) for f in self.findings() if no is None or f.rule in no or f.name in no]
        if broken:
            raise BudgetError("; ".join(broken))


def _sentence(finding: Finding) -> str:
    place = f" at {finding.site}" if finding.site else ""
    return f"{finding.rule} {finding.name}{place}: {finding.count} x {finding.template}"
