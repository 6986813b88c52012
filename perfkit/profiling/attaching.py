"""Where profiles go: to the recording they were taken in, and to those around it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from perfkit.profiling import turns
from perfkit.profiling.tree import merge

if TYPE_CHECKING:
    from perfkit.model.profile import Profile
    from perfkit.tracing import Recording

SLOWED = "the times here were taken under a profiler, which slows code that makes many calls or objects"

MAX_PROFILES = 200
"""Of one recording, each of another name."""

TOO_MANY = f"only the first {MAX_PROFILES} profiles are kept; captures of one name would be added up"


def note(text: str, recording: Recording | None) -> None:
    """Warn the readers of the recording and of those around it, once."""
    for place in _outwards(recording):
        if text not in place.warnings:
            place.warnings.append(text)


def attach(profile: Profile, recording: Recording | None) -> None:
    """Add the profile to the recording and to those around it; to that of the same name if there is one."""
    for place in _outwards(recording):
        with turns.lock:
            _add(profile, place)


def _add(profile: Profile, recording: Recording) -> None:
    profiles = recording.profiles
    for place, known in enumerate(profiles):
        if (known.kind, known.name, known.tool) == (profile.kind, profile.name, profile.tool):
            profiles[place] = merge(known, profile)
            return
    if len(profiles) < MAX_PROFILES:
        profiles.append(profile)
    elif TOO_MANY not in recording.warnings:
        recording.warnings.append(TOO_MANY)


def _outwards(recording: Recording | None) -> Iterator[Recording]:
    while recording is not None:
        yield recording
        recording = recording._outer
