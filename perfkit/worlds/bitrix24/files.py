"""Files of the portal's drive: a handful that every portal has, and those that calls attach."""

from __future__ import annotations

from msgspec import Struct

FIRST_NUMBER = 9001
NAMES = ("Contract.docx", "Price list.xlsx", "Presentation.pptx", "Photo.png", "Welcome.mp3", "Private.docx")
"""Files that are there from the start. The last one belongs to somebody else: nobody may read it."""

CREATED_S = 1_767_225_600
"""When: the first second of 2026."""


class File(Struct):
    """A file of the drive. ``readable``: callers may read it."""

    number: int
    name: str
    size_bytes: int
    user: int
    created_s: int
    readable: bool = True


class Files:
    """The files of one portal, by number."""

    def __init__(self, owner: int) -> None:
        self._files: dict[int, File] = {}
        for name in NAMES:
            self.add(name, 1024 * (len(self._files) + 1), owner, CREATED_S)
        self._files[FIRST_NUMBER + len(NAMES) - 1].readable = False

    def add(self, name: str, size_bytes: int, user: int, now_s: float) -> int:
        """Put a file there; returns its number."""
        number = FIRST_NUMBER + len(self._files)
        self._files[number] = File(number, name, size_bytes, user, int(now_s))
        return number

    def get(self, number: int) -> File | None:
        """The file with this number."""
        return self._files.get(number)
