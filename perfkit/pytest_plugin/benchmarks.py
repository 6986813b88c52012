"""Beside pytest-benchmark: its rounds are not recorded; one call more, untimed and after them, is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from perfkit.pytest_plugin.budgets import PLURALS
from perfkit.recording import record
from perfkit.tracing.scopes import START, active, current

if TYPE_CHECKING:
    import pytest

    from perfkit.pytest_plugin.calls import Call


@contextmanager
def unrecorded() -> Iterator[None]:
    """In the block it is as if no recording was under way: probes find the list of recordings empty."""
    under_way, here = active[:], current.get()
    active.clear()
    current.set(START)
    try:
        yield
    finally:
        active[:0] = under_way
        current.set(here)


@contextmanager
def beside_rounds(item: pytest.Item, call: Call) -> Iterator[None]:
    """While a test runs that has the fixture ``benchmark``; any other test is left alone.

    Counters of the one call more go into ``benchmark.extra_info``.
    """
    fixture: Any = getattr(item, "funcargs", {}).get("benchmark")
    if not hasattr(fixture, "_raw") or not hasattr(fixture, "_raw_pedantic"):
        yield
        return
    raw, pedantic = fixture._raw, fixture._raw_pedantic

    def around(rounds: Callable[[], Any], once: Callable[[], Any]) -> Any:
        if fixture.disabled:  # then there are no rounds: the only call is the one that is recorded
            return _counted(fixture, rounds)
        with unrecorded(), call.paused():
            result = rounds()
        _counted(fixture, once)
        return result

    def plain(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return around(lambda: raw(function, *args, **kwargs), lambda: function(*args, **kwargs))

    def in_rounds(target: Callable[..., Any], **options: Any) -> Any:
        return around(lambda: pedantic(target, **options), lambda: _once(target, **options))

    fixture._raw, fixture._raw_pedantic = plain, in_rounds
    try:
        yield
    finally:
        fixture._raw, fixture._raw_pedantic = raw, pedantic


def _counted(fixture: Any, once: Callable[[], Any]) -> Any:
    with record() as one:
        result = once()
    counts = {PLURALS[kind]: count for kind, count in one.counts.items() if kind in PLURALS}
    fixture.extra_info.update(dict.fromkeys(("queries", "requests"), 0) | counts)
    return result


def _once(
    target: Callable[..., Any],
    args: Any = (),
    kwargs: Any = None,
    setup: Callable[[], Any] | None = None,
    teardown: Callable[..., Any] | None = None,
    **_: Any,
) -> Any:
    """One call as ``benchmark.pedantic`` makes them, with its set-up and teardown unrecorded."""
    with unrecorded():
        made = setup() if setup is not None else None
    args, kwargs = made or (args, kwargs or {})
    result = target(*args, **kwargs)
    if teardown is not None:
        with unrecorded():
            teardown(*args, **kwargs)
    return result
