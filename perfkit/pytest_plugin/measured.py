"""What one perf test did, as it travels from the process that ran it to the one that sums up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec

from perfkit.model import Difference, Finding, PackedTrace
from perfkit.model.plain import encode

if TYPE_CHECKING:
    import pytest


class Measured(msgspec.Struct):
    """``module`` is the test's file below pytest's root, ``name`` what follows in its node id.

    ``counts`` are spans by kind, ``findings`` those that are not allowed. ``differences`` are what it fails
    for: broken limits, and lines of its baseline that are no longer true. ``checked`` is how many of both
    were compared. ``completed``: its body came to its end. ``recovered``: it differed from the baseline here,
    but not alone in a fresh process. ``entry`` are its lines of a baseline, ``trace`` its spans; both only
    where they are asked for.
    """

    module: str
    name: str
    counts: dict[str, int]
    findings: list[Finding] = msgspec.field(default_factory=list)
    warnings: list[str] = msgspec.field(default_factory=list)
    completed: bool = False
    recovered: bool = False
    checked: int = 0
    peak_bytes: int | None = None
    differences: list[Difference] = msgspec.field(default_factory=list)
    entry: str | None = None
    trace: PackedTrace | None = None

    @property
    def nodeid(self) -> str:
        """As pytest shows it."""
        return f"{self.module}::{self.name}"


class Known(msgspec.Struct):
    """What a process collected: the tests of each module with perf tests, and the modules left incomplete."""

    tests: dict[str, list[str]]
    partial: list[str]


def packed(thing: Measured | Known) -> str:
    """As text, which every channel between processes takes."""
    return encode(thing).decode()


def measured(text: str) -> Measured:
    """What ``packed`` made of it."""
    return msgspec.json.decode(text, type=Measured)


def known(text: str) -> Known:
    """What ``packed`` made of it."""
    return msgspec.json.decode(text, type=Known)


def module_of(item: pytest.Item) -> str:
    """The test's file, below pytest's root where it lies there."""
    return os.path.relpath(item.path, item.config.rootpath).replace(os.sep, "/")


def name_of(item: pytest.Item) -> str:
    """Class, function and parameters, without what other plugins add to the node id."""
    inside = [node for node in item.listchain() if node.path == item.path]
    return "::".join(node.name for node in inside[1:])
