"""One reader for each file format. A file is known by what is in it, never by its name.

A format is a module with ``NAME``, ``matches(document) -> bool`` and ``read(document, source) -> Stored``.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from perfkit.bench.compare.formats import hyperfine, perfkit, pyperf, pytest_benchmark
from perfkit.bench.compare.stored import Stored
from perfkit.errors import RunFileError

ACCEPTED = "perfkit's stored runs, and JSON of pytest-benchmark, pyperf and hyperfine (--export-json)"


class Format(NamedTuple):
    """The tool as sentences name it, and the two functions of its module."""

    name: str
    matches: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any], str], Stored]


FORMATS = tuple(
    Format(module.NAME, module.matches, module.read)
    for module in (perfkit, pytest_benchmark, pyperf, hyperfine)
)
"""In the order they are asked. Adding one is one file and one word here."""


def load(path: Path) -> tuple[bytes, Stored]:
    """The bytes of a file (unpacked, if it was gzipped) and what is in it.

    Raises RunFileError when it cannot be read, is damaged, empty, or of no format that is known.
    """
    source = str(path)
    data = _bytes(path)
    document = _document(data, source)
    for form in FORMATS:
        if form.matches(document):
            try:
                return data, form.read(document, source)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
                raise RunFileError(
                    f"{source} looks like {form.name}'s and is not whole: {type(error).__name__} {error}"
                ) from error
    keys = ", ".join(sorted(map(str, document))[:6]) or "nothing"
    raise RunFileError(
        f"{source} is no benchmark result that is known (it holds {keys}); read are {ACCEPTED}"
    )


def _bytes(path: Path) -> bytes:
    try:
        data = path.read_bytes()
        return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise RunFileError(f"{path} is damaged: {error}") from error
    except OSError as error:
        raise RunFileError(f"cannot read {path}: {error.strerror or error}") from error


def _document(data: bytes, source: str) -> dict[str, Any]:
    if not data.strip():
        raise RunFileError(f"{source} is empty; read are {ACCEPTED}")
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RunFileError(f"{source} is no JSON ({error}); read are {ACCEPTED}") from error
    if not isinstance(document, dict):
        raise RunFileError(
            f"{source} holds a {type(document).__name__} in place of a result; read are {ACCEPTED}"
        )
    return document
