"""What replacing a loop of queries by one would save, from the loop's own durations and what is known.

With n queries of which each pays a fixed cost c (the round trip, and what the server does for any query):

    saving = (n - statements left) * c

What a query costs beyond c is taken to remain, because the rows are read all the same. c is the round trip
of the link where it is known, else the time of the fastest query of the loop.
"""

from __future__ import annotations

from perfkit.model import Span, busy_ns, peak_overlap
from perfkit.rules.savings import Saving, text
from perfkit.rules.view import View


def as_one(spans: list[Span], view: View, left: int = 1) -> Saving:
    """The saving when ``left`` statements do the work of ``spans``."""
    cost, source = fixed_cost(spans, view)
    now, count = busy_ns(spans), len(spans)
    if left >= count:
        return Saving(None, "unknown: there are no fewer statements left")
    if peak_overlap(spans) > 1:
        longest = max(span.duration_ns for span in spans)
        saved = max(0, now - longest - (left - 1) * cost)
        return Saving(
            saved, f"the calls overlap: {text(now)} now, at least one call's {text(longest)} remains"
        )
    saved = min(now, (count - left) * cost)
    word = "query" if left == 1 else "queries"
    return Saving(
        saved, f"{left} {word} instead of {count}: {count - left} x {text(cost)} ({source}); now {text(now)}"
    )


def fixed_cost(spans: list[Span], view: View) -> tuple[int, str]:
    """What each call pays whatever it asks for, in nanoseconds, and where that is known from."""
    fastest = min(span.duration_ns for span in spans)
    known = view.facts(str(spans[0].attrs.get("host", ""))).rtt_ns
    if known is not None and spans[0].attrs.get("host"):
        return min(known, fastest), "round trip of the link"
    return fastest, "the fastest of them"


def without_repeats(spans: list[Span], distinct: int) -> Saving:
    """The saving when each different call is made once."""
    now = busy_ns(spans)
    kept = max(1, distinct)
    saved = round(now * (len(spans) - kept) / len(spans))
    return Saving(saved, f"{kept} of {len(spans)} calls would do; now {text(now)} in all")
