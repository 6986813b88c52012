"""What answers cost: modelled service time in integer nanoseconds, the same on every machine.

A request costs a base once, then each command its own time: a single call is a request of one command, a
batch one of up to 50.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.answers import Answer
    from perfkit.worlds.bitrix24.config import PortalConfig

BASE_NS = 2_000_000
"""A request: routing, session and access rights. Assumed; kept small beside the 40 ms of overhead in the
documentation's sample of a batch, which includes the network."""

COMMAND_NS = 1_500_000
"""A method called by a request or a command of a batch: one indexed statement and its framework. Assumed."""

ROW_NS = 20_000
"""A row read, converted and encoded. Assumed: of the order of a counted row."""

COUNT_ROW_NS = 21_000
"""A row counted for ``total``: the documentation on large data times a list of 2,387,743 rows at 49.9 s with
the count and at 0.098 s without."""

REFUSED_NS = 500_000
"""A request refused by the rate limit before any worker sees it. Assumed."""


def command_ns(config: PortalConfig, answer: Answer | None) -> int:
    """Cost of one method call; ``answer`` is None when it failed."""
    if answer is None:
        return config.command_ns
    return config.command_ns + config.row_ns * answer.rows + config.count_row_ns * answer.counted
