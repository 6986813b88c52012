"""asyncpg numbers prepared statements by process: their names, so bytes, would grow from run to run."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator


class _State:
    users = 0


@contextlib.contextmanager
def statements_numbered_anew() -> Iterator[None]:
    """Let asyncpg count from 1, and go on afterwards from where it was or is; nests."""
    before = 0 if _State.users else _set(0)
    _State.users += 1
    try:
        yield
    finally:
        _State.users -= 1
        _set(max(before, _set(0)))


def _set(number: int) -> int:
    """Asyncpg's counter, which gets a new value; 0 where it is not imported."""
    module = sys.modules.get("asyncpg.connection")
    before: int = getattr(module, "_uid", 0)
    if module is not None:
        module._uid = number  # type: ignore[attr-defined]
    return before
