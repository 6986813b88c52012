"""A million points, and what they really take: as plain objects, with ``__slots__``, and from a generator.

    python benchmarks/memory_shapes.py [COUNT]

``sys.getsizeof`` of the result sees of a list only its row of pointers, the same for every kind of point; the
peak counts the points and their coordinates, too. A million points take about half a minute to measure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import perfkit
from perfkit.model.profile import Profile

COUNT = 1_000_000


class Point:
    """Keeps its coordinates as any object does."""

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y


class SlottedPoint:
    """Has room for its coordinates and for nothing else."""

    __slots__ = ("x", "y")

    def __init__(self, x: float, y: float) -> None:
        self.x = x
        self.y = y


def plain_list(count: int) -> list[Point]:
    """All points at once."""
    return [Point(n * 0.5, n * 1.5) for n in range(count)]


def slotted_list(count: int) -> list[SlottedPoint]:
    """All points at once, with slots."""
    return [SlottedPoint(n * 0.5, n * 1.5) for n in range(count)]


def tuple_list(count: int) -> list[tuple[float, float]]:
    """All points at once, as tuples."""
    return [(n * 0.5, n * 1.5) for n in range(count)]


def generated(count: int) -> float:
    """The points one by one, for an answer that needs only one at a time."""
    return sum(point.x for point in _points(count))


def _points(count: int) -> Iterator[SlottedPoint]:
    for n in range(count):
        yield SlottedPoint(n * 0.5, n * 1.5)


SHAPES: dict[str, Callable[[int], object]] = {
    "list of plain objects": plain_list,
    "list of objects with slots": slotted_list,
    "list of tuples": tuple_list,
    "generator of objects with slots": generated,
}


@dataclass(frozen=True)
class Row:
    """One shape: what ``sys.getsizeof`` says of its result, and what was measured."""

    shape: str
    count: int
    shallow_bytes: int
    profile: Profile

    @property
    def bytes_per_point(self) -> float:
        """Of the peak."""
        return self.profile.peak_bytes / self.count


def measure(shape: str, count: int) -> Row:
    """Make ``count`` points of that shape, and keep what comes of it until its memory is measured."""
    with perfkit.memory(shape) as capture:
        made = SHAPES[shape](count)
    if capture.profile is None:
        raise RuntimeError("; ".join(capture.warnings))
    return Row(shape, count, sys.getsizeof(made), capture.profile)


def table(rows: list[Row]) -> str:
    """The rows as text, each with the sites of at least a hundredth of its peak below it."""
    lines = [f"{'':33}{'getsizeof':>13}{'peak bytes':>15}{'per point':>11}{'allocations':>13}"]
    for row in rows:
        profile = row.profile
        allocations = "not counted" if profile.allocations is None else f"{profile.allocations:,}"
        figures = (
            f"{row.shallow_bytes:13,}{profile.peak_bytes:15,}{row.bytes_per_point:11.1f}{allocations:>13}"
        )
        lines.append(f"{row.shape:33}{figures}")
        lines += [
            f"  {site.bytes:,} bytes in {site.count:,} blocks at {site.frame}"
            for site in profile.top
            if site.bytes > profile.peak_bytes / 100
        ]
    return "\n".join([*lines, f"measured by {rows[0].profile.tool}, {rows[0].count:,} points"])


def main() -> None:
    """Measure all shapes and write the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    sys.stdout.write(table([measure(shape, count) for shape in SHAPES]) + "\n")


if __name__ == "__main__":
    main()
