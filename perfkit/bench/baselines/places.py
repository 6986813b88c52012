"""The functions that operations are made through, and the line among them that makes one more.

A baseline has no line numbers: code moves. It has, for each function, how often it was called, and how many
operations were made through each of its lines, in their order, with a hash that tells which. Set beside the
same figures of now, they show the line that is new, or that is passed through more often.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from perfkit.model import Frame, Span

Paths = dict[str, list[tuple[Frame, ...]]]
"""The call paths of each metric of operations, innermost frame first."""


ENOUGH_CALLS = 20
"""From so many calls on a whole number of operations in each is no chance."""

CONNECTING = 0.05
"""The share of a line's operations that may be connections, which it opens now and then."""

_PLACE = re.compile(r"(\d+) calls?((?:, \d+ of [0-9a-f]{4})*)")
_LINE = re.compile(r"(\d+) of ([0-9a-f]{4})")


@dataclass(frozen=True)
class Line:
    """``count`` operations that went through a line; ``mark`` tells which ones, as a hash of their names."""

    count: int
    mark: str = ""


@dataclass
class Place:
    """A function: ``calls`` of it (0: not counted), and its lines in their order.

    ``numbers`` are the lines' numbers, which only a measured place has.

    >>> Place.of("1 call, 1 of 3f2a, 20 of 9bc1").lines[1]
    Line(count=20, mark='9bc1')
    """

    calls: int = 0
    lines: list[Line] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Place:
        """From what the file has; ValueError for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is not a place")
        return cls(int(found[1]), [Line(int(count), mark) for count, mark in _LINE.findall(found[2])])

    def plain(self) -> str:
        """As the file has it."""
        calls = f"{self.calls} call{'' if self.calls == 1 else 's'}"
        return ", ".join([calls, *(f"{line.count} of {line.mark}" for line in self.lines)])


def place_of(frame: Frame) -> str:
    """Its name in the file.

    >>> place_of(Frame("app/views.py", 41, "page"))
    'app/views.py:page'
    """
    return f"{frame.file}:{frame.function}"


def places_of(spans: Iterable[Span], calls: Mapping[tuple[str, str], int]) -> dict[str, Place]:
    """The functions on the call paths of ``spans``; ``calls`` by file and function, as far as counted."""
    through: dict[str, dict[int, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    counted: dict[str, int] = {}
    for (path, name), times in Counter((span.path, span.name) for span in spans).items():
        for frame in dict.fromkeys(path):
            place = place_of(frame)
            through[place][frame.line][name] += times
            counted[place] = calls.get((frame.file, frame.function), 0)
    return {
        place: Place(counted[place], [_line(lines[number]) for number in sorted(lines)], sorted(lines))
        for place, lines in through.items()
    }


def _line(names: Counter[str]) -> Line:
    text = "\n".join(sorted(names)).encode("utf-8", "replace")
    return Line(names.total(), f"{crc32(text) & 0xFFFF:04x}")


def culprit(
    paths: Sequence[tuple[Frame, ...]],
    before: Mapping[str, Place],
    now: Mapping[str, Place],
    shared: Collection[Frame] = (),
) -> Frame | None:
    """The line that makes more operations than before, of those on ``paths`` (innermost first).

    More goes through each line of such a path. Where calls were counted it is the operation's own line, if
    each call there makes twice as many; else it lies in the innermost function that was called no more
    often than before: what it calls was; or, where all were, in the innermost of which each call makes
    more. Else it is the outermost line that is new, or the innermost through which more goes, behind those
    that are ``shared`` with other operations.
    """
    grown = {place: set(_grown_lines(before.get(place), current)) for place, current in now.items()}
    new = {place: set(_new_lines(before.get(place), current)) for place, current in now.items()}
    tried: dict[tuple[Frame, ...], list[Frame]] = {
        path: [frame for frame in path if frame.line in grown.get(place_of(frame), ())] for path in set(paths)
    }
    whole = {path for path, frames in tried.items() if len(frames) == len(path)}
    chosen = Counter(
        _chosen(tried[path], before, now, new, shared)
        for path in paths
        if tried[path] and (path in whole or not whole)
    )
    return max(chosen, key=lambda frame: (chosen[frame], frame.file, -frame.line)) if chosen else None


def decider(paths: Sequence[tuple[Frame, ...]], now: Mapping[str, Place]) -> Frame:
    """The line that decides how often there is what ``paths`` lead to, where no line makes more in all.

    A function of which each call makes one operation only passes it on; it is the innermost other one. Where
    calls were not counted, or all pass it on, it is the line of the operation itself. Needs a path.
    """
    chosen = Counter(
        next((f for f in path if _makes_several(now[place_of(f)], f)), path[0]) for path in paths
    )
    return max(chosen, key=lambda frame: (chosen[frame], frame.file, -frame.line))


def _makes_several(place: Place, frame: Frame) -> bool:
    count = place.lines[place.numbers.index(frame.line)].count
    return 0 < 2 * place.calls <= count


def _chosen(
    path: Sequence[Frame],
    before: Mapping[str, Place],
    now: Mapping[str, Place],
    new: Mapping[str, set[int]],
    shared: Collection[Frame],
) -> Frame:
    if _repeats(before.get(place_of(path[0])), now[place_of(path[0])], path[0].line):
        return path[0]
    for frame in path:
        old, current = before.get(place_of(frame)), now[place_of(frame)]
        if old is not None and current.calls and current.calls <= old.calls:
            return frame
    for frame in path:
        if _per_call(before.get(place_of(frame)), now[place_of(frame)], frame.line):
            return frame
    known = [frame for frame in path if place_of(frame) in before] or path[-1:]
    added = [frame for frame in known if frame.line in new[place_of(frame)]]
    own = [frame for frame in known if frame not in shared]
    return added[-1] if added else (own or known)[0]


def _repeats(old: Place | None, current: Place, number: int) -> bool:
    """Whether each call makes the line's operation, say, twice for once; it is then called more often for it.

    That is a whole number, but for ``CONNECTING``, while tries after refusals come to any; few calls do not
    tell one from the other.
    """
    if old is None or min(old.calls, current.calls) < ENOUGH_CALLS:
        return False
    for at, line, match in _aligned(old, current):
        if at == number and match is not None:
            before, now = match.count / old.calls, line.count / current.calls
            whole = all(abs(rate - round(rate)) <= CONNECTING * rate for rate in (before, now))
            return whole and round(now) > round(before) > 0
    return False


def _per_call(old: Place | None, current: Place, number: int) -> bool:
    """Whether a call of the function makes more operations on that line than it did."""
    if old is None or not old.calls or not current.calls:
        return False
    return any(
        match is None or line.count * old.calls > match.count * current.calls
        for at, line, match in _aligned(old, current)
        if at == number
    )


def _grown_lines(old: Place | None, current: Place) -> Iterator[int]:
    """Numbers of lines that are new, or through which more or something else goes."""
    for number, line, match in _aligned(old, current):
        if match is None or line.count > match.count or line.mark != match.mark:
            yield number


def _new_lines(old: Place | None, current: Place) -> Iterator[int]:
    return (number for number, _, match in _aligned(old, current) if match is None)


def _aligned(old: Place | None, current: Place) -> list[tuple[int, Line, Line | None]]:
    """Each line as it is now and was before, in order; None for a new one.

    Of all ways to match lines in their order it is the one with the least difference in all; to leave a line
    out costs its count. Of equal ways it is the one in which later lines are new.
    """
    was, now = (old.lines if old is not None else []), current.lines
    costs = [[0] * (len(now) + 1) for _ in range(len(was) + 1)]
    for i in range(len(was) + 1):
        for j in range(len(now) + 1):
            if i or j:
                costs[i][j] = min(_steps(costs, was, now, i, j))[0]
    matches: dict[int, Line] = {}
    i, j = len(was), len(now)
    while i or j:
        _, _, before_i, before_j = min(_steps(costs, was, now, i, j))
        if before_i < i and before_j < j:
            matches[before_j] = was[before_i]
        i, j = before_i, before_j
    return [(number, now[j], matches.get(j)) for j, number in enumerate(current.numbers)]


def _steps(
    costs: list[list[int]], was: list[Line], now: list[Line], i: int, j: int
) -> Iterator[tuple[int, int, int, int]]:
    """The ways to end an alignment of the first ``i`` and ``j`` lines: cost, rank, and what lies before."""
    if j:
        yield costs[i][j - 1] + now[j - 1].count, 0, i, j - 1
    if i and j:
        old, new = was[i - 1], now[j - 1]
        differs = abs(old.count - new.count) + (old != new) + (old.mark != new.mark)
        yield costs[i - 1][j - 1] + differs, 1, i - 1, j - 1
    if i:
        yield costs[i - 1][j] + was[i - 1].count, 2, i - 1, j
