"""What one recorded process hands over: its trace and its processor time."""

from __future__ import annotations

import msgspec

from perfkit.model import PackedTrace, Trace, pack


class Part(msgspec.Struct):
    """``computing_ns`` is the processor time of all threads of the process while it was recorded."""

    trace: PackedTrace
    computing_ns: int

    @classmethod
    def of(cls, trace: Trace, computing_ns: int) -> Part:
        """The part of a process that recorded ``trace``."""
        return cls(pack(trace), computing_ns)


def decode(data: bytes) -> Part:
    """The part in ``data``. Raises msgspec.DecodeError when it is none."""
    return msgspec.json.decode(data, type=Part)
