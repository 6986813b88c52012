"""``allow``: a block whose findings of one rule are known and meant to stay."""

from __future__ import annotations

import sys
from types import FrameType, TracebackType

from perfkit.errors import UsageError
from perfkit.tracing.open_spans import Operation
from perfkit.tracing.scopes import enter, generator_of, leave

KIND = "allow"
"""``Span.kind`` of such a block; ``rules.allowed`` reads it."""


class allow:  # noqa: N801 - used as a statement, as in `with allow(...)`
    """Count a rule's findings inside, and report none: ``with perfkit.allow("PK102", reason="3 tenants"):``.

    ``rule`` is a code or a name ("n-plus-one-request"). An allow that no finding needed is reported itself,
    so that none outlives its reason. Raises UsageError without a reason.
    """

    def __init__(self, rule: str, *, reason: str) -> None:
        if not reason.strip():
            raise UsageError(f"allow({rule!r}) needs a reason: say why it is right as it is")
        self._attrs = {"rule": rule, "reason": reason}
        self._opened: list[Operation | None] = []

    def __enter__(self) -> allow:
        self._enter(sys._getframe().f_back)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave(self._opened.pop(), error)

    async def __aenter__(self) -> allow:
        self._enter(sys._getframe().f_back)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, trace)

    def _enter(self, frame: FrameType | None) -> None:
        opened = enter(KIND, f"allow {self._attrs['rule']}", dict(self._attrs), frame)
        if opened is not None and frame is not None:
            opened.held = generator_of(frame)
        self._opened.append(opened)
