"""Strict mode: what a real portal keeps to itself, told to whoever develops against this one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from perfkit.worlds.bitrix24.answers import Answer

CODE = "PERFKIT_STRICT"
"""The error that answers a remarkable call with ``strict="error"``; no real portal has it."""

HEADER = "X-Perfkit-Notes"
MAX_NOTES, MAX_NOTE_CHARACTERS = 10, 200


def remarks(answer: Answer) -> tuple[str, ...]:
    """What is to be said of a call that was answered as if nothing were wrong with it."""
    told = answer.notes
    untold = [key for key in answer.dropped if not any(key in note for note in told)]
    return (*told, *(f"filter key {key!r} is unknown here and was dropped: correct it" for key in untold))


def header(notes: tuple[str, ...]) -> str:
    """Notes as the value of HEADER: percent-encoded, since a header holds ASCII only; cut short.

    >>> header(("start=7: rounded down to 0", "no select"))
    'start=7: rounded down to 0; no select'
    """
    short = [quote(note[:MAX_NOTE_CHARACTERS], safe=" !\"#$&'()*+,/:<=>?@[]^`{|}~") for note in notes]
    return "; ".join(short[:MAX_NOTES])
