"""Recordings and profiles for speedscope: call trees over time for each thread, a tree for each profile.

What is open at once in one of speedscope's profiles must lie inside each other, so of what a thread does at
once each has a profile of its own. An operation stands below the calls that led to it: "left heavy" then adds
up by line.

Source: github.com/jlfwong/speedscope, ``src/lib/file-format-spec.ts``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from perfkit.model import Frame, Run, Span
from perfkit.model.plain import encode
from perfkit.model.profile import CallTree, Profile, label
from perfkit.report import units
from perfkit.report.formats.recordings import Lane, end_of, lanes, recordings

SCHEMA = "https://www.speedscope.app/file-format-schema.json"

MAX_NAME = 500
Json = dict[str, Any]


class _Frames:
    """The table of frames that all profiles share."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, int], int] = {}

    def of(self, name: str, place: Frame | None) -> int:
        """The number of a frame."""
        file, line = (place.file, place.line) if place else ("", 0)
        key = (units.clean(name, MAX_NAME) or "?", units.clean(file, 300), line)
        return self._numbers.setdefault(key, len(self._numbers))

    def table(self) -> list[Json]:
        """All frames in the order of their numbers; without a file or line where there is none."""
        return [
            {"name": name, **({"file": file} if file else {}), **({"line": line} if line > 0 else {})}
            for name, file, line in self._numbers
        ]


def render(run: Run) -> bytes:
    """The file, ending in a newline. Times are nanoseconds from the start of each recording."""
    frames = _Frames()
    profiles = [_sampled(profile, frames) for profile in run.profiles]
    for name, trace, _ in recordings(run):
        rows = lanes(trace, by_task=False)  # thousands of tasks would be thousands of profiles
        profiles += [_evented(name, row, len(rows), trace.start_ns, trace.end_ns, frames) for row in rows]
    document = {
        "$schema": SCHEMA,
        "shared": {"frames": frames.table()},
        "profiles": profiles,
        "name": units.clean(" ".join(run.command), 200) or "perfkit",
        "exporter": units.clean(f"perfkit {run.perfkit}", 60).strip(),
        "activeProfileIndex": 0,
    }
    return encode(document) + b"\n"


def _sampled(profile: Profile, frames: _Frames) -> Json:
    """A call tree: a sample for each node with a value of its own."""
    tree = profile.tree
    nodes = [node for node, value in enumerate(tree.value) if value > 0]
    numbers = [frames.of(label(frame), frame) for frame in tree.frames]
    weights = [tree.value[node] for node in nodes]
    return {
        "type": "sampled",
        "name": units.clean(" ".join(filter(None, (profile.kind, profile.name))), 200),
        "unit": "bytes" if profile.kind == "memory" else "nanoseconds",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [_stack(tree, node, numbers) for node in nodes],
        "weights": weights,
    }


def _stack(tree: CallTree, node: int, numbers: list[int]) -> list[int]:
    return [numbers[tree.frame[step]] for step in tree.ancestry(node)][::-1]


def _evented(name: str, row: Lane, count: int, start_ns: int, end_ns: int, frames: _Frames) -> Json:
    events = list(_events(row, start_ns, frames))
    last_ns = events[-1]["at"] if events else 0
    return {
        "type": "evented",
        "name": f"{name}, {row.name}" if count > 1 else name,
        "unit": "nanoseconds",
        "startValue": 0,
        "endValue": max(end_ns - start_ns, last_ns),
        "events": events,
    }


def _events(row: Lane, zero_ns: int, frames: _Frames) -> Iterator[Json]:
    """What opens and closes, in order: what ends at a moment closes before anything opens."""
    stack: list[tuple[int, list[int]]] = []
    for span in row.spans:
        at_ns = span.start_ns - zero_ns
        while stack and stack[-1][0] <= at_ns:
            yield from _closed(*stack.pop())
        opened = _opened(span, not stack, frames)
        yield from ({"type": "O", "frame": frame, "at": at_ns} for frame in opened)
        stack.append((end_of(span) - zero_ns, opened))
    while stack:
        yield from _closed(*stack.pop())


def _closed(at_ns: int, opened: list[int]) -> Iterator[Json]:
    yield from ({"type": "C", "frame": frame, "at": at_ns} for frame in reversed(opened))


def _opened(span: Span, outermost: bool, frames: _Frames) -> list[int]:
    """The frames of a span: of an outermost operation the calls that led to it, and itself."""
    calls = reversed(span.path) if outermost and span.kind != "span" else ()
    return [*(frames.of(label(call), call) for call in calls), frames.of(span.name or span.kind, span.site)]
