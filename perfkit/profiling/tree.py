"""Stacks added up to a call tree, small nodes put together, profiles of one name joined: pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

import msgspec

from perfkit.model.profile import SMALL, CallTree, Profile
from perfkit.model.trace import Frame

SMALLEST_SHARE = 1000
"""Nodes with less than one part in this many of the whole become SMALL."""

MAX_NODES = 10_000
"""Of a tree with more nodes, the largest are kept; each may have one more for its small callees."""

T = TypeVar("T")


class Place(NamedTuple):
    """A frame, and whether it is a line of the application."""

    frame: Frame
    application: bool


Stack = tuple[Place, ...]
"""Places, the outermost first."""


def below(stack: tuple[T, ...], start: tuple[T, ...]) -> tuple[T, ...]:
    """The stack without the frames around the capture, which all stacks share; its own frame stays.

    >>> below(("main", "page", "load"), ("main", "page"))
    ('page', 'load')
    >>> below(("thread", "load"), ("main", "page"))
    ('thread', 'load')
    """
    common = 0
    for frame, around in zip(stack, start, strict=False):
        if frame != around:
            break
        common += 1
    return stack[common - 1 if common and common == len(start) else common :]


def build(stacks: Iterable[tuple[Stack, int]]) -> CallTree:
    """The tree of all stacks with their values, small nodes put together."""
    return prune(_add_up(stacks))


def _add_up(stacks: Iterable[tuple[Stack, int]]) -> CallTree:
    tree = CallTree()
    frames: dict[Place, int] = {}
    nodes: dict[tuple[int, int], int] = {}
    for stack, value in stacks:
        node = -1
        for place in stack:
            frame = frames.setdefault(place, len(frames))
            step = nodes.setdefault((node, frame), len(nodes))
            if step == len(tree.value):
                tree.parent.append(node)
                tree.frame.append(frame)
                tree.value.append(0)
            node = step
        if node >= 0:
            tree.value[node] += value
    tree.frames = [place.frame for place in frames]
    tree.application = [place.application for place in frames]
    return tree


def prune(tree: CallTree, max_nodes: int = MAX_NODES) -> CallTree:
    """The tree with its small nodes put together below their caller; ``merged`` says how many they were."""
    totals = tree.totals()
    least = _least(tree, totals, max_nodes)
    if all(total >= least for total in totals):
        return tree
    pruned = _add_up(_kept(tree, totals, least))
    small = (node for node, total in enumerate(totals) if total < least)
    pruned.merged = tree.merged + sum(tree.frames[tree.frame[node]] != SMALL for node in small)
    return pruned


def _least(tree: CallTree, totals: list[int], max_nodes: int) -> int:
    """The smallest total to keep. No caller's total is less than its callee's, so what is kept is a tree."""
    whole = sum(tree.value)
    least = -(-whole // SMALLEST_SHARE)
    if len(totals) > max_nodes:
        least = max(least, sorted(totals, reverse=True)[max_nodes] + 1)
    return least


def _kept(tree: CallTree, totals: list[int], least: int) -> Iterator[tuple[Stack, int]]:
    for node, (total, parent) in enumerate(zip(totals, tree.parent, strict=True)):
        if total >= least:
            yield _stack(tree, node), tree.value[node]
        elif parent < 0 or totals[parent] >= least:
            yield (*_stack(tree, parent), Place(SMALL, application=False)), total


def _stack(tree: CallTree, node: int) -> Stack:
    steps = [tree.frame[step] for step in tree.ancestry(node)]
    return tuple(Place(tree.frames[frame], tree.application[frame]) for frame in reversed(steps))


def merge(first: Profile, second: Profile) -> Profile:
    """Two captures of one name as one profile.

    Times, samples and allocations are added. Peaks are not: the higher one stays, with its tree and sites.
    """
    larger = second if second.peak_bytes > first.peak_bytes else first
    tree, merged = larger.tree, 0
    if first.kind == "cpu":
        merged = first.tree.merged + second.tree.merged
        tree = build([*_all_stacks(first.tree), *_all_stacks(second.tree)])
    return msgspec.structs.replace(
        first,
        duration_ns=first.duration_ns + second.duration_ns,
        samples=first.samples + second.samples,
        calls=first.calls + second.calls,
        peak_bytes=larger.peak_bytes,
        allocations=_sum(first.allocations, second.allocations),
        allocated_bytes=_sum(first.allocated_bytes, second.allocated_bytes),
        tree=msgspec.structs.replace(tree, merged=tree.merged + merged),
        top=larger.top,
        error=second.error or first.error,
        warnings=list(dict.fromkeys([*first.warnings, *second.warnings])),
    )


def _all_stacks(tree: CallTree) -> Iterator[tuple[Stack, int]]:
    for node, value in enumerate(tree.value):
        yield _stack(tree, node), value


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None or second is None else first + second
