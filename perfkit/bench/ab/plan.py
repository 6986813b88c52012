"""What the A/B gate compares, and how long it may take."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Side:
    """One of the two trees: ``root`` is where it lies, and where its process runs.

    ``environment`` is the whole environment of the process (this one's if it is empty). ``paths`` go first on
    ``sys.path``; what is there already and lies below either side's root is moved to this side's.
    """

    root: Path
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class AbPlan:
    """How to compare. ``budget_s`` is real time per benchmark, after which what is not decided stays open.

    ``preload`` names modules that both sides share, imported before the fork. ``timeout_s`` is the longest
    wait for one answer of a side. ``head_slower`` slows the head's benchmarks by that share, for the
    self-test. ``seed`` fixes orders and hash seeds.
    """

    budget_s: float = 12.0
    preload: tuple[str, ...] = ()
    timeout_s: float = 120.0
    head_slower: float = 0.0
    seed: int | None = None
