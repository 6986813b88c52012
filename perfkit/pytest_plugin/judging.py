"""What a perf test is failed for: limits of its marker, findings, differences from its baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from perfkit.model import Difference, pack
from perfkit.model.storage import write_atomic
from perfkit.pytest_plugin.budgets import Budget, broken, forbidden, unwatched
from perfkit.pytest_plugin.located import Located
from perfkit.pytest_plugin.measured import Measured, module_of, name_of, packed

if TYPE_CHECKING:
    import pytest

    from perfkit.pytest_plugin.baselines import Baselines
    from perfkit.pytest_plugin.calls import Call

MAX_REPORTED_SPANS = 2_000
"""Spans of one test that go into the report; findings and counts come from all."""


class Judge:
    """Judges as the session's options say."""

    def __init__(self, config: pytest.Config) -> None:
        self._alone = config.getoption("perfkit_alone")
        self._reporting = bool(config.getoption("perfkit_report")) and not self._alone
        self._mode = config.getoption("perfkit_baselines")
        self._baselines = self._of_modules(config)
        self._located = Located(config)

    def _of_modules(self, config: pytest.Config) -> Baselines | None:
        if self._alone or not (self._mode or config.getoption("perfkit_strict")):
            return None
        from perfkit.pytest_plugin.baselines import Baselines

        return Baselines(config)

    def __call__(self, call: Call, budget: Budget) -> Measured:
        """What the test did, and, if its body came to its end, what is wrong with that."""
        done = self._measured(call)
        if self._alone:
            write_atomic(self._alone, packed(done).encode())
        elif call.completed:
            trace = self._located.trace(call.recording.trace)
            done.differences = broken(budget, trace, done.findings, call.peak_bytes)
            done.checked = len(budget.limits) + len(budget.no) + (budget.max_memory_bytes is not None)
            done.warnings += unwatched(budget, done.counts)
            if self._mode and self._baselines is not None:
                self._baselines.held_against(call.item, done, self._mode)
            elif self._baselines is not None:
                done.differences += self._new(call, done, budget, self._baselines)
                done.checked += 1
            done.differences = [
                replace(difference, baseline=done.module, entry=done.name) for difference in done.differences
            ]
        if self._mode != "update" and not self._alone:
            done.entry = None
        return done

    def _measured(self, call: Call) -> Measured:
        trace = self._located.trace(call.recording.trace)
        done = Measured(
            module=module_of(call.item),
            name=name_of(call.item),
            counts=dict(call.recording.counts),
            findings=self._located.findings(call.recording.findings()),
            warnings=[*trace.warnings, *call.recording.allowed().stale],
            completed=call.completed,
            peak_bytes=call.peak_bytes,
            trace=pack(trace, limit=MAX_REPORTED_SPANS) if self._reporting else None,
        )
        if self._mode or self._alone:
            from perfkit.pytest_plugin.baselines import entry_text, steady

            done.entry = entry_text(trace, self._located.findings(steady(call)))
        return done

    def _new(self, call: Call, done: Measured, budget: Budget, baselines: Baselines) -> list[Difference]:
        """Findings that the baseline, if there is one, does not have, and that the marker has not named."""
        from perfkit.pytest_plugin.baselines import steady

        unnamed = [
            finding for finding in self._located.findings(steady(call)) if finding.rule not in budget.no
        ]
        return [forbidden(finding) for finding in baselines.unknown(done, unnamed)]
