"""What held the memory, summed up: by call tree, and by the line of the application."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from perfkit.model.profile import AllocationSite, CallTree
from perfkit.model.trace import Frame
from perfkit.profiling.tree import Stack, build

MAX_SITES = 50
"""The largest are kept."""


class Held(NamedTuple):
    """``size`` bytes in ``blocks`` blocks, allocated by one stack."""

    stack: Stack
    size: int
    blocks: int


class Summary(NamedTuple):
    """All that was held: the sum in bytes, a call tree, and sites, the largest first."""

    size: int
    tree: CallTree
    top: list[AllocationSite]


def sum_up(held: Iterable[Held]) -> Summary:
    """Add up stacks. What a library allocates is put down to the line of the application that called it."""
    stacks: list[tuple[Stack, int]] = []
    sites: dict[Frame, tuple[int, int]] = {}
    for stack, size, blocks in held:
        stacks.append((stack, size))
        site = _site(stack)
        if site is not None:
            known_size, known_blocks = sites.get(site, (0, 0))
            sites[site] = known_size + size, known_blocks + blocks
    top = [AllocationSite(frame, size, blocks) for frame, (size, blocks) in sites.items() if size > 0]
    top.sort(key=lambda site: (-site.bytes, str(site.frame)))
    return Summary(sum(size for _, size in stacks), build(stacks), top[:MAX_SITES])


def _site(stack: Stack) -> Frame | None:
    """The innermost line of the application, or of a library where no application called it."""
    for place in reversed(stack):
        if place.application:
            return place.frame
    return stack[-1].frame if stack else None
