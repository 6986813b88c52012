"""What it saves to start calls together that are now made one after another.

    after = max(longest call, per host: sum of its calls / SAFE_CONCURRENCY, time its rate limit needs)
    saving = sum of the calls - after

Calls together may open connections that one after another they did not need. That is done once for as long
as they are kept open, and left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from perfkit.model import Span
from perfkit.rules.savings import SAFE_CONCURRENCY, Saving, _limit_ns, text
from perfkit.rules.view import View

SHOWN = 4
"""So many names, lines or templates are listed."""


def together(steps: Sequence[Sequence[Span]], view: View) -> Saving:
    """The saving if all ``steps`` were begun at once; the calls of one step stay one after another."""
    times, calls = defaultdict[str, int](int), defaultdict[str, int](int)
    longest = 0
    for step in steps:
        took = 0
        for span in step:
            host, duration = str(span.attrs.get("host", "")), span.duration_ns
            times[host] += duration
            calls[host] += 1
            took += duration
        longest = max(longest, took)
    now = sum(times.values())
    crowded = max(times.values()) // SAFE_CONCURRENCY
    limited, host = max((_limit_ns(number, view.facts(host)), host) for host, number in calls.items())
    after = max(longest, crowded, limited)
    if after == longest:
        why = "as long as the longest"
    elif after == limited:
        why = f"as long as the rate limit of {host} takes to let them pass"
    else:
        why = f"{SAFE_CONCURRENCY} at a time to one host"
    basis = f"{len(steps)} one after another take {text(now)}; together {text(after)}: {why}"
    return Saving(max(0, now - after), basis, 0, min(len(steps), SAFE_CONCURRENCY))


def listed(names: Sequence[str]) -> str:
    """The first few of the names, each once."""
    once = list(dict.fromkeys(names))
    return ", ".join(once[:SHOWN]) + (f" and {len(once) - SHOWN} more" if len(once) > SHOWN else "")
