"""A profile's call tree as a flame graph: which frames are drawn, where, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from perfkit.model.profile import AWAITING, SMALL, CallTree, Profile
from perfkit.report import units

LEAST_SHARE = 0.002
"""Narrower frames could not be seen; they are left out, with a count."""

MAX_FRAMES = 240
"""More than this make a drawing of over 60 kB; the narrowest go first."""

MAX_DEPTH = 48
"""Deeper calls would make a drawing that is taller than it can be read."""


@dataclass(frozen=True)
class FlameFrame:
    """One frame: ``start`` and ``width`` in per cent of the whole, ``depth`` 0 for a root.

    ``kind`` is "application", "library", "awaiting" or "small" (callees put together).
    """

    depth: int
    start: float
    width: float
    name: str
    place: str
    figures: str
    kind: str


@dataclass(frozen=True)
class Flame:
    """A flame graph: callers above, what they called below, the costliest on the left."""

    title: str
    caption: str
    label: str
    frames: tuple[FlameFrame, ...]

    @property
    def rows(self) -> int:
        """How many frames lie below each other at most."""
        return 1 + max(frame.depth for frame in self.frames)


def flame(profile: Profile) -> Flame | None:
    """The flame graph of a profile, or None where it has no tree to draw."""
    tree = profile.tree
    totals = tree.totals()
    whole = sum(tree.value)
    if whole <= 0:
        return None
    show = units.size if profile.kind == "memory" else units.seconds
    depths = _depths(tree)
    kept = _kept(totals, depths, whole)
    frames = tuple(
        _frame(tree, node, depths[node], start, totals, whole, show)
        for node, start in _placed(tree, totals, kept)
    )
    memory = profile.kind == "memory"
    return Flame(
        title="Allocation flame graph" if memory else "Flame graph",
        caption="; ".join(_caption(profile, show(whole), _left_out(totals, depths, kept, whole))) + ".",
        label=f"What {'held the memory' if memory else 'took the time'}, by caller; {show(whole)} in all",
        frames=frames,
    )


def _depths(tree: CallTree) -> list[int]:
    depths: list[int] = []
    for parent in tree.parent:
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return depths


def _kept(totals: list[int], depths: list[int], whole: int) -> set[int]:
    """The nodes that are drawn. A caller's total is no less than what it called, so it is kept, too."""
    least = max(1, whole * LEAST_SHARE)
    seen = [node for node, total in enumerate(totals) if total >= least and depths[node] < MAX_DEPTH]
    return set(sorted(seen, key=lambda node: (-totals[node], node))[:MAX_FRAMES])


def _left_out(totals: list[int], depths: list[int], kept: set[int], whole: int) -> Iterator[str]:
    """What is not drawn, and why."""
    rest = [node for node in range(len(totals)) if node not in kept]
    narrow = [totals[node] for node in rest if depths[node] < MAX_DEPTH]
    if narrow:
        yield f"{units.plural(len(narrow), 'frame')} of {100 * max(narrow) / whole:.2g} % or less left out"
    if len(rest) > len(narrow):
        yield f"{units.plural(len(rest) - len(narrow), 'frame')} deeper than {MAX_DEPTH} calls left out"


def _placed(tree: CallTree, totals: list[int], kept: set[int]) -> Iterator[tuple[int, int]]:
    """Each node that is drawn with its start, callers first; below a caller the costliest first."""
    children: dict[int, list[int]] = {}
    for node in sorted(kept, key=lambda node: (_put_last(tree, node), -totals[node], node)):
        children.setdefault(tree.parent[node], []).append(node)
    waiting = [(-1, 0)]
    while waiting:
        node, start = waiting.pop()
        if node >= 0:
            yield node, start
        placed = []
        for child in children.get(node, ()):
            placed.append((child, start))
            start += totals[child]
        waiting.extend(reversed(placed))


def _put_last(tree: CallTree, node: int) -> bool:
    return tree.frames[tree.frame[node]] in (AWAITING, SMALL)


def _frame(
    tree: CallTree,
    node: int,
    depth: int,
    start: int,
    totals: list[int],
    whole: int,
    show: Callable[[float], str],
) -> FlameFrame:
    frame = tree.frames[tree.frame[node]]
    place = f"{frame.file}:{frame.line}" if frame.line else frame.file
    nameless = not frame.function or (frame.function == "<module>" and bool(place))
    own, total = tree.value[node], totals[node]
    share = f"{100 * total / whole:.1f} %"
    return FlameFrame(
        depth=depth,
        start=round(100 * start / whole, 3),
        width=round(100 * total / whole, 3),
        name=units.clean(place if nameless else frame.function, 60),
        place="" if nameless else units.clean(place, 90),
        figures=f"{show(total)}, {share}" + (f", {show(own)} of it its own" if 0 < own < total else ""),
        kind=_kind(tree, node),
    )


def _kind(tree: CallTree, node: int) -> str:
    frame = tree.frames[tree.frame[node]]
    if frame in (AWAITING, SMALL):
        return "awaiting" if frame == AWAITING else "small"
    return "application" if tree.application[tree.frame[node]] else "library"


def _caption(profile: Profile, whole: str, left_out: Iterator[str]) -> Iterator[str]:
    """How to read it, and what is not in it."""
    what = "memory held at the peak" if profile.kind == "memory" else "time"
    yield f"Callers above, what they called below; width is {what}, {whole} in all"
    yield "solid: the program's own lines, faint: libraries"
    if profile.awaiting:
        yield "hatched: awaiting"
    yield from left_out
    if profile.tree.merged:
        yield f"{units.number(profile.tree.merged)} more were put together when it was stored"
