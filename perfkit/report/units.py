"""Numbers and foreign text as readers see them. Pure functions that all formats share."""

from __future__ import annotations

import math
import re

_TIME_UNITS = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))
_BYTE_UNITS = ("B", "kB", "MB", "GB")
_SECOND_NS = 1_000_000_000
HOUR_NS = 3_600 * _SECOND_NS

_ROOM_FOR_A_NOTE = 100
"""Longer texts say how long they were when they are cut."""

_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\ufff9-\ufffb]"
)
"""Control characters, marks that turn the direction of text, zero-width and half characters."""


def seconds(ns: float) -> str:
    """A duration with three digits that count.

    >>> seconds(40_240_000_000), seconds(1_234_000_000), seconds(215_000_000), seconds(7_384_000_000_000)
    ('40.2 s', '1.23 s', '215 ms', '2 h 3 min')
    """
    if ns < 0:
        return f"-{seconds(-ns)}"
    if ns >= 600 * _SECOND_NS:
        return _long(round(ns / _SECOND_NS))
    for unit_ns, unit in _TIME_UNITS:
        # 999.6 us is shown as 1.00 ms, not as 1000 us
        if ns >= unit_ns * 0.9995:
            return f"{_three(ns / unit_ns)} {unit}"
    return f"{round(ns)} ns"


def tick(ns: float) -> str:
    """A round duration as an axis shows it: no digits that are 0, no minutes.

    >>> tick(0), tick(200_000_000), tick(1_000_000_000), tick(1_500_000_000_000)
    ('0', '200 ms', '1 s', '1,500 s')
    """
    for unit_ns, unit in _TIME_UNITS:
        if ns >= unit_ns * 0.9995:
            return f"{float(f'{ns / unit_ns:.6g}'):,.10g} {unit}"
    return f"{ns:.6g} ns" if ns else "0"


def compact(ns: float) -> str:
    """A duration for narrow columns.

    >>> compact(975_000_000_000), compact(7_384_000_000_000), compact(1_230_000_000)
    ('16m15s', '2h03m', '1.23 s')
    """
    if ns < 600 * _SECOND_NS:
        return seconds(ns)
    minutes, left_s = divmod(round(ns / _SECOND_NS), 60)
    return f"{minutes}m{left_s:02}s" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}m"


def clock(time_ns: float) -> str:
    """A time as hours and minutes, with seconds where it has some.

    >>> clock(11.5 * HOUR_NS), clock(61e9)
    ('11:30', '0:01:01')
    """
    minutes, left_s = divmod(round(time_ns / _SECOND_NS), 60)
    return f"{minutes // 60}:{minutes % 60:02}" + (f":{left_s:02}" if left_s else "")


def _long(whole_s: int) -> str:
    hours, rest = divmod(whole_s, 3600)
    minutes, left_s = divmod(rest, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {left_s} s"


def _three(value: float) -> str:
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:.{digits}f}"


def size(count: float) -> str:
    """A number of bytes, in powers of 1000.

    >>> size(812), size(1_620), size(20_500_000)
    ('812 B', '1.6 kB', '20.5 MB')
    """
    if count < 999.5:
        return f"{round(count)} B"
    unit = 0
    while count >= 999.5 and unit < len(_BYTE_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.1f} {_BYTE_UNITS[unit]}" if count < 99.95 else f"{count:,.0f} {_BYTE_UNITS[unit]}"


def factor(slow: float, fast: float) -> str:
    """How many times ``fast`` is faster than ``slow``, rounded towards 1 so that it never claims too much.

    >>> factor(41.6, 1.2), factor(4, 1.5), factor(1, 1), factor(1, 3)
    ('34x', '2.6x', '1.0x', '3.0x slower')
    """
    if slow <= 0 or fast <= 0:
        return "" if slow != fast else "1.0x"
    ratio, suffix = (slow / fast, "") if slow >= fast else (fast / slow, " slower")
    shown = f"{math.floor(ratio):,}x" if ratio >= 10 else f"{math.floor(ratio * 10 + 1e-9) / 10:.1f}x"
    return shown if shown == "1.0x" else shown + suffix


def percent(ratio: float) -> str:
    """A signed relative difference.

    >>> percent(0.104), percent(-0.031), percent(float("inf"))
    ('+10.4 %', '-3.1 %', 'unbounded')
    """
    return f"{100 * ratio:+.1f} %" if math.isfinite(ratio) else "unbounded"


def number(value: int) -> str:
    """A whole number with commas.

    >>> number(20500)
    '20,500'
    """
    return f"{value:,}"


def plural(count: int, word: str) -> str:
    """A count with its word.

    >>> plural(1, "request"), plural(200, "request"), plural(2, "query"), plural(3, "fix")
    ('1 request', '200 requests', '2 queries', '3 fixes')
    """
    many = f"{word[:-1]}ies" if word.endswith("y") else f"{word}es" if word.endswith("x") else f"{word}s"
    return f"{count:,} {word if count == 1 else many}"


def clean(text: str, limit: int = 300) -> str:
    r"""Foreign text on one line, what is invisible in it spelled out, cut to about ``limit`` characters.

    >>> clean("a\n b\u202e"), clean("abcdef", 4)
    ('a b\\u202e', 'abc…')
    """
    # four times: enough for the words in front of the cut, without working through megabytes
    line = " ".join(text[: 4 * limit].split())
    line = _INVISIBLE.sub(lambda found: f"\\u{ord(found[0]):04x}", line)
    if len(line) <= limit and len(text) <= 4 * limit:
        return line
    if limit < _ROOM_FOR_A_NOTE:
        return f"{line[: limit - 1]}…"
    return f"{line[:limit]}… (cut from {len(text):,} characters)"
