"""Runs on disk: written whole or not at all, read with a clear word about what is wrong.

One JSON document per run; gzip with a ``.gz`` name. Nothing here overwrites a file unless told to.
"""

from __future__ import annotations

import gzip
import os
import tempfile
import zlib
from pathlib import Path
from typing import Any

import msgspec

from perfkit.errors import NewerSchemaError, RunFileError
from perfkit.model.migrations import migrate
from perfkit.model.plain import encode
from perfkit.model.run import SCHEMA, Run

GZIP_FROM_BYTES = 256 * 1024
"""A run larger than this is compressed when its name is chosen by perfkit."""


def encode_run(run: Run) -> bytes:
    """The run as JSON; the same run gives the same bytes.

    A span's attribute that JSON does not know is stored as its repr.
    """
    return encode(run)


def decode_run(data: bytes, *, source: str = "run") -> Run:
    """The run in ``data`` (JSON, perhaps gzipped), migrated from older schemas.

    Raises RunFileError naming ``source`` when it is not a run, NewerSchemaError when it is too new.
    """
    document = _document(data, source)
    schema = document["schema"]
    if schema > SCHEMA:
        raise NewerSchemaError(
            f"{source} has schema {schema}; this perfkit reads up to {SCHEMA}. Update perfkit to read it."
        )
    try:
        return msgspec.convert(migrate(document, SCHEMA), Run)
    except (msgspec.ValidationError, KeyError) as error:
        raise RunFileError(f"{source} is not a whole perfkit run: {error}") from error


def _document(data: bytes, source: str) -> dict[str, Any]:
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        document = msgspec.json.decode(data)
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RunFileError(f"{source} is damaged or not a perfkit run: {error}") from error
    if not isinstance(document, dict) or type(document.get("schema")) is not int or document["schema"] < 1:
        raise RunFileError(f"{source} is not a perfkit run: it has no integer 'schema'")
    return document


def read_run(path: str | Path) -> Run:
    """The run stored at ``path``. Raises RunFileError when it is missing, damaged or too new."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise RunFileError(f"cannot read {path}: {error.strerror or error}") from error
    return decode_run(data, source=str(path))


def write_run(run: Run, path: str | Path) -> Path:
    """Store ``run`` at ``path``, compressed if the name ends in ``.gz``. Returns the path."""
    data = encode_run(run)
    # mtime=0: equal runs are equal files
    return write_atomic(path, gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


def write_run_in(run: Run, folder: str | Path, stem: str) -> Path:
    """Store ``run`` under a new name in ``folder``: ``stem.json``, or ``stem.json.gz`` when large."""
    suffix = ".json.gz" if len(encode_run(run)) > GZIP_FROM_BYTES else ".json"
    return write_run(run, unused(Path(folder), stem, suffix))


def unused(folder: Path, stem: str, suffix: str) -> Path:
    """A path in ``folder`` that does not exist yet: ``stem``, ``stem-2``, ``stem-3`` ..."""
    number, path = 1, folder / f"{stem}{suffix}"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path


def write_atomic(path: str | Path, data: bytes) -> Path:
    """Write ``data`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Raises RunFileError when the place cannot be written.
    """
    target = Path(path).resolve()  # through a symbolic link, not over it
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise RunFileError(
            f"cannot write {target}: {error.strerror or error}. Choose another with -o."
        ) from error
    return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
