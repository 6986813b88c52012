"""Profiles: where the time went, or what held the memory. Knows the words of a trace; imports msgspec.

No type of a profiling tool gets in here. A profile is a call tree with a number at each node: nanoseconds in
a profile of kind "cpu", bytes at the peak in one of kind "memory".
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from perfkit.model.trace import Frame

AWAITING = Frame("", 0, "[await]")
"""Stands for time in which nothing ran: the event loop, or the coroutine above it, was waiting."""

SMALL = Frame("", 0, "[below 0.1 %]")
"""Stands for the callees of a node that are too small to be kept one by one."""


class HotLine(Struct, frozen=True):
    """A line of the application and what it cost, in nanoseconds or bytes.

    ``own`` is the line with the library code it called, without other lines of the application and without
    awaiting; ``total`` is all that happened while the line was under way.
    """

    frame: Frame
    own: int
    total: int


class AllocationSite(Struct, frozen=True):
    """What one line of the application held, itself or in libraries it called: ``bytes`` in ``count`` blocks.

    The figures are those at the peak, or at the end where the tool cannot tell what the peak was made of.
    """

    frame: Frame
    bytes: int
    count: int


class CallTree(Struct):
    """A call tree as columns: node ``n`` is the frame ``frames[frame[n]]``, called by node ``parent[n]``.

    A parent stands before its children; -1 is the parent of a root. ``value[n]`` is the node's own, without
    its callees. ``application[f]`` tells lines of the application from libraries: those have a module for a
    file and no line. ``merged`` counts the nodes that were too small to keep and became SMALL.

    >>> main, parse = Frame("app.py", 9, "main"), Frame("app.py", 4, "parse")
    >>> tree = CallTree([main, parse], [True, True], parent=[-1, 0], frame=[0, 1], value=[3, 12])
    >>> tree.collapsed()
    ['main (app.py:9) 3', 'main (app.py:9);parse (app.py:4) 12']
    >>> tree.hottest(1)
    [HotLine(frame=Frame(file='app.py', line=4, function='parse'), own=12, total=12)]
    """

    frames: list[Frame] = field(default_factory=list)
    application: list[bool] = field(default_factory=list)
    parent: list[int] = field(default_factory=list)
    frame: list[int] = field(default_factory=list)
    value: list[int] = field(default_factory=list)
    merged: int = 0

    def totals(self) -> list[int]:
        """For each node its value with that of all below it."""
        totals = list(self.value)
        for node in range(len(totals) - 1, -1, -1):
            if self.parent[node] >= 0:
                totals[self.parent[node]] += totals[node]
        return totals

    def ancestry(self, node: int) -> Iterator[int]:
        """The node and its callers, innermost first."""
        while node >= 0:
            yield node
            node = self.parent[node]

    def path(self, node: int) -> list[Frame]:
        """The frames from the root to the node."""
        return [self.frames[self.frame[step]] for step in self.ancestry(node)][::-1]

    def collapsed(self) -> list[str]:
        """A line for each node with a value of its own, ``a;b;c 12``: what flame graph tools read."""
        return [
            f"{';'.join(label(frame) for frame in self.path(node))} {value}"
            for node, value in enumerate(self.value)
            if value
        ]

    def hottest(self, count: int = 10) -> list[HotLine]:
        """The lines of the application with the most ``own``; a library's function where nobody called it."""
        own: dict[int, int] = {}
        total: dict[int, int] = {}
        totals, owners = self.totals(), self._owners()
        for node, frame in enumerate(self.frame):
            owner = owners[node]
            if AWAITING not in (self.frames[frame], self.frames[owner]) and self.frames[owner] != SMALL:
                own[owner] = own.get(owner, 0) + self.value[node]
            callers = (self.frame[step] for step in self.ancestry(self.parent[node]))
            if frame == owner and frame not in callers:
                total[frame] = total.get(frame, 0) + totals[node]
        lines = [HotLine(self.frames[frame], own[frame], total[frame]) for frame in own]
        return sorted(lines, key=lambda line: (-line.own, -line.total, str(line.frame)))[:count]

    def _owners(self) -> list[int]:
        """For each node the frame that bears its value: the innermost of the application, or its root's."""
        owners: list[int] = []
        for frame, parent in zip(self.frame, self.parent, strict=True):
            owners.append(frame if self.application[frame] or parent < 0 else owners[parent])
        return owners


class Profile(Struct):
    """What one capture found; ``calls`` captures of one name within a recording are added up.

    ``kind`` is "cpu" or "memory", ``tool`` what measured, as in "memray 1.20.0". Times are real time: a
    profile of kind "cpu" also shows what its thread waited for. ``duration_ns`` is the whole capture's,
    ``interval_ns`` the least time between two of its ``samples``; their times are the tree's values.

    ``peak_bytes`` is the most memory held at one moment, counted from the start of the capture;
    ``allocations`` and ``allocated_bytes`` are all that was asked for, freed or not (None: not counted).
    ``top`` are the largest sites. ``error`` names the exception that ended the capture.
    """

    kind: str
    name: str = ""
    tool: str = ""
    duration_ns: int = 0
    interval_ns: int = 0
    samples: int = 0
    calls: int = 1
    peak_bytes: int = 0
    allocations: int | None = None
    allocated_bytes: int | None = None
    tree: CallTree = field(default_factory=CallTree)
    top: list[AllocationSite] = field(default_factory=list)
    error: str | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def awaiting(self) -> int:
        """Nanoseconds of the tree in which the event loop or a coroutine waited."""
        columns = zip(self.tree.frame, self.tree.value, strict=True)
        return sum(value for frame, value in columns if self.tree.frames[frame] == AWAITING)


def label(frame: Frame) -> str:
    """A frame in a flame graph: ``page (app/views.py:41)``, ``loads (json)``; without semicolons.

    >>> label(Frame("json.decoder", 0, "raw_decode"))
    'raw_decode (json.decoder)'
    """
    place = f"{frame.file}:{frame.line}" if frame.line else frame.file
    text = f"{frame.function} ({place})" if frame.function and place else frame.function or place
    return " ".join(text.replace(";", ",").split())
