"""What a trace's spans have in common by where they come from."""

from __future__ import annotations


class Origin:
    """A service, or a process. Its name may become known only behind its spans."""

    __slots__ = ("clock", "service")

    def __init__(self, service: str = "", clock: str = "wall") -> None:
        self.service = service
        self.clock = clock
