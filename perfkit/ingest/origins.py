"""What a trace's spans have in common by where they come from."""

from __future__ import annotations


class Origin:
    """A service, or a process. Its name may become known only behind its spans.

    ``clock`` is "wall" or "virtual". ``by_time``: its spans name no parents, they lie inside each other.
    """

    __slots__ = ("by_time", "clock", "service")

    def __init__(self, service: str = "", clock: str = "wall", *, by_time: bool = False) -> None:
        self.service = service
        self.clock = clock
        self.by_time = by_time
