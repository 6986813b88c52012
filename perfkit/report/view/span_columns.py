"""Spans as columns of 32-bit numbers and tables of strings, as templates/spans.js reads them.

The payload is, compressed: the length of the head in four bytes, the head as JSON, and five columns. A column
holds the lowest byte of each of its numbers, then their second bytes, and so on: much alike lies together,
and compresses to three quarters of what rows do. All numbers are little-endian.
"""

from __future__ import annotations

import base64
import gzip
import json
import struct
import sys
from array import array
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from perfkit.model import PackedTrace
from perfkit.report import units
from perfkit.report.view.lanes import REFUSED as REFUSED_STATUS

ERROR, REFUSED, UNDER_WAY = 1, 2, 4
"""Flags of a span: it raised; it was answered 429 or 503; it had not ended when the recording did."""

MOST = 0xFFFFFFFF
MAX_DEPTH = 255
_LEVEL = 6
"""Of compression: 9 takes seven times as long and saves half a per cent."""

Label = tuple[int, int, int, int, int]
"""Of a span: its kind, name, site and error as places in ``Tables.strings`` (-1: none), its flags last."""


@dataclass
class Tables:
    """Strings, each once and cleaned; labels, which are what spans have in common; groups of lanes.

    ``counts`` is how many spans there are of each kind.
    """

    strings: dict[str, int] = field(default_factory=dict)
    labels: dict[Label, int] = field(default_factory=dict)
    groups: list[dict[str, Any]] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def begin_group(self, title: str, step_ns: int, end: int) -> None:
        """Lanes from here on share an axis from 0 to ``end`` steps of ``step_ns`` nanoseconds."""
        self.groups.append({"title": title, "step_ns": step_ns, "end": end, "lanes": []})

    def add_lane(self, name: str, count: int, end: int, *, together: bool = False) -> None:
        """The next ``count`` spans of the columns are a lane; what it shows was over at ``end``.

        ``together``: they are pieces that stand for several spans.
        """
        lane = {"name": name, "count": count, "end": end, "together": together}
        self.groups[-1]["lanes"].append(lane)

    def string(self, text: str, limit: int) -> int:
        """The place of a foreign text in the table."""
        return self.strings.setdefault(units.clean(text, limit), len(self.strings))

    def label(self, kind: str, name: str) -> int:
        """The place of a label made here."""
        return self._label((self.string(kind, 40), self.string(name, 200), -1, -1, 0))

    def _label(self, key: Label) -> int:
        return self.labels.setdefault(key, len(self.labels))

    def labels_of(self, packed: PackedTrace, members: list[int]) -> list[int]:
        """For each of these spans of a trace the place of its label; counts them by kind."""
        known: dict[tuple[int, int, int, str | None, int], int] = {}
        found = []
        for n in members:
            error, flags = packed.error[n], UNDER_WAY * (packed.span_end_ns[n] < 0)
            if error is not None:
                flags |= ERROR
            if packed.attrs[n].get("status") in REFUSED_STATUS:
                flags |= REFUSED
            key = (packed.kind[n], packed.name[n], packed.site[n], error, flags)
            if key not in known:
                known[key] = self._label_of(packed, *key)
            found.append(known[key])
        for kind, number in Counter(packed.kind[n] for n in members).items():
            self.count(units.clean(packed.names[kind], 40), number)
        return found

    def _label_of(
        self, packed: PackedTrace, kind: int, name: int, site: int, error: str | None, flags: int
    ) -> int:
        return self._label(
            (
                self.string(packed.names[kind], 40),
                self.string(packed.names[name], 200),
                -1 if site < 0 else self.string(str(packed.frames[site]), 160),
                -1 if error is None else self.string(error, 80),
                flags,
            )
        )

    def count(self, kind: str, number: int) -> None:
        """Note spans of a kind for the legend."""
        self.counts[kind] = self.counts.get(kind, 0) + number

    def head(self) -> bytes:
        """All of it but ``counts``, as JSON."""
        known = {"strings": list(self.strings), "labels": list(self.labels), "groups": self.groups}
        return json.dumps(known, ensure_ascii=True, separators=(",", ":")).encode()


@dataclass
class Columns:
    """Each has one number for each span.

    ``start`` is in steps since the span before it in the lane, ``duration`` in steps; ``depth`` is how many
    spans of the lane are around it.
    """

    start: array[int] = field(default_factory=lambda: array("I"))
    duration: array[int] = field(default_factory=lambda: array("I"))
    label: array[int] = field(default_factory=lambda: array("I"))
    depth: array[int] = field(default_factory=lambda: array("I"))
    task: array[int] = field(default_factory=lambda: array("I"))

    def add(self, packed: PackedTrace, members: list[int], labels: list[int], step_ns: int) -> None:
        """The spans ``members`` of a trace, with their labels, as a lane; in order of their start."""
        before = 0
        depths: dict[int | None, int] = {None: -1}
        for n, label in zip(members, labels, strict=True):
            start_ns, end_ns = packed.span_start_ns[n], packed.span_end_ns[n]
            start = max(before, (start_ns - packed.start_ns) // step_ns)
            length_ns = (packed.end_ns if end_ns < 0 else end_ns) - start_ns
            depth = depths[packed.id[n]] = min(MAX_DEPTH, depths.get(packed.parent[n], -1) + 1)
            self._append(start - before, max(0, length_ns) / step_ns, label, depth, packed.task[n])
            before = start

    def add_pieces(self, pieces: list[tuple[int, int, int]], labels: list[int], step_ns: int) -> None:
        """Pieces from, to in nanoseconds since the trace began, as a lane."""
        before = 0
        for (start_ns, end_ns, _), label in zip(pieces, labels, strict=True):
            start = start_ns // step_ns
            self._append(start - before, (end_ns - start_ns) / step_ns, label, 0, 0)
            before = start

    def _append(self, start: int, duration: float, label: int, depth: int, task: int) -> None:
        self.start.append(min(MOST, start))
        self.duration.append(min(MOST, round(duration)))
        self.label.append(label)
        self.depth.append(depth)
        self.task.append(min(MOST, max(0, task)))

    def encoded(self) -> bytes:
        """The columns one after another, each as its lowest bytes, its second bytes, and so on."""
        return b"".join(map(_planes, (self.start, self.duration, self.label, self.depth, self.task)))


def _planes(column: array[int]) -> bytes:
    whole = array("I", column)
    if sys.byteorder == "big":
        whole.byteswap()
    raw = whole.tobytes()
    return b"".join(raw[n::4] for n in range(4))


def payload(tables: Tables, columns: Columns) -> str:
    """Both, compressed, as base64; the same bytes for the same spans."""
    head = tables.head()
    whole = struct.pack("<I", len(head)) + head + columns.encoded()
    return base64.b64encode(gzip.compress(whole, _LEVEL, mtime=0)).decode()
