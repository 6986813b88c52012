"""Files as chunks of bytes: opened with a clear word about what is wrong, unpacked within bounds.

gzip is known by its first bytes, whatever the name; "-" is standard input.
"""

from __future__ import annotations

import io
import os
import stat
import sys
import zlib
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, utf_8_decode
from collections.abc import Callable, Iterator
from itertools import chain
from typing import cast

from perfkit.errors import TraceFileError
from perfkit.ingest.left_out import LeftOut

STDIN = "-"

CHUNK_BYTES = 256 * 1024

HEAD_BYTES = CHUNK_BYTES
"""So much of a file is looked at to learn its format."""

SURELY_UNPACKED_BYTES = 1024**3
MAX_RATIO = 200
"""Beyond a gigabyte a file must not unpack to more than so many times its size. Traces do 10 to 50 times."""

_GZIP = b"\x1f\x8b"
_GZIP_MEMBER = 16 + zlib.MAX_WBITS
_ZSTD = b"\x28\xb5\x2f\xfd"
_SPACES = b" \t\r\n"

Progress = Callable[[int, int], None]
"""Told how many bytes were read, and of how many (0: unknown)."""


class Source:
    """One file of traces, or standard input. ``name`` is how the user named it."""

    def __init__(self, name: str, left_out: LeftOut, progress: Progress | None = None) -> None:
        self.name = name
        self.label = "standard input" if name == STDIN else name
        self._left_out = left_out
        self._progress = progress or (lambda done, total: None)
        self._damage = ""

    @property
    def is_regular(self) -> bool:
        """Whether it can be read twice. Raises TraceFileError where there is no such file."""
        if self.name == STDIN:
            return False
        try:
            mode = os.stat(self.name).st_mode
        except (OSError, ValueError) as error:
            raise TraceFileError(f"cannot read {self.label}: {_reason(error)}") from error
        if stat.S_ISDIR(mode):
            raise TraceFileError(f"cannot read {self.label}: it is a folder; name the files in it")
        return stat.S_ISREG(mode)

    def open(self) -> tuple[bytes, Iterator[bytes]]:
        """The first bytes, and all of them in chunks. Raises TraceFileError for what cannot hold traces."""
        chunks = self._chunks()
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        self._refuse(head)
        return head, chain((head,), chunks)

    def _chunks(self) -> Iterator[bytes]:
        try:
            if self.name == STDIN:
                yield from self._unpacked(cast("io.BufferedReader", sys.stdin.buffer), 0)
            else:
                with open(self.name, "rb") as file:
                    yield from self._unpacked(file, os.fstat(file.fileno()).st_size)
        except (OSError, ValueError) as error:
            raise TraceFileError(f"cannot read {self.label}: {_reason(error)}") from error

    def _unpacked(self, file: io.BufferedReader, size: int) -> Iterator[bytes]:
        """The bytes as they are, or those of one gzip member after another. Damage ends them."""
        packed = file.peek(len(_GZIP)).startswith(_GZIP)
        member, read, got = None, 0, 0
        while data := file.read1(CHUNK_BYTES):
            read += len(data)
            self._progress(read, size)
            if not packed:
                yield data
                continue
            while data:
                member = member or zlib.decompressobj(_GZIP_MEMBER)
                try:
                    unpacked = member.decompress(data, CHUNK_BYTES)
                except zlib.error as error:
                    self._damaged(f"is damaged where it is compressed ({error})")
                    return
                got += len(unpacked)
                if got > max(SURELY_UNPACKED_BYTES, MAX_RATIO * read):
                    self._damaged(f"unpacks to more than {MAX_RATIO} times its size, as traces do not")
                    return
                if unpacked:
                    yield unpacked
                data = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail
                member = None if member.eof else member
        if member is not None:
            self._damaged("ends in the middle of what is compressed")

    def _damaged(self, how: str) -> None:
        self._damage = f"{self.label} {how}"
        self._left_out.say(f"{self._damage}; the rest of it is left out")

    def _refuse(self, head: bytes) -> None:
        """Raise TraceFileError with what to do about a file that is no JSON."""
        if head.startswith(_ZSTD):
            raise TraceFileError(f"{self.label} is compressed with zstd; unpack it first: zstd -d")
        if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise TraceFileError(f"{self.label} is in UTF-16; store it as UTF-8")
        start = head.removeprefix(BOM_UTF8).lstrip(_SPACES)[:1]
        if not head and self._damage:
            raise TraceFileError(self._damage)
        if not start and len(head) < HEAD_BYTES:
            raise TraceFileError(f"{self.label} is empty, so there is nothing to analyze")
        if start not in (b"{", b"["):
            raise TraceFileError(
                f"{self.label} is no JSON. perfkit reads OTLP as JSON (of the collector's file exporter: "
                "format: json), Jaeger's JSON, Chrome trace events and perfkit runs"
            )


def texts(chunks: Iterator[bytes], left_out: LeftOut) -> Iterator[str]:
    """The chunks as text. Bytes that are no UTF-8 become U+FFFD, with a remark."""
    rest = b""
    for number, chunk in enumerate(chunks):
        data = rest + (chunk.removeprefix(BOM_UTF8) if number == 0 else chunk)
        text, used = _decoded(data, left_out, final=False)
        rest = data[used:]
        if text:
            yield text
    if rest:
        yield _decoded(rest, left_out, final=True)[0]


def _decoded(data: bytes, left_out: LeftOut, *, final: bool) -> tuple[str, int]:
    try:
        return utf_8_decode(data, "strict", final)
    except UnicodeDecodeError:
        left_out.change("replaced", "part", "of a file with bytes that are no UTF-8")
        return utf_8_decode(data, "replace", final)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
