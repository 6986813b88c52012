"""Temporary folders that do not outlive their process for long, even if that is killed."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "perfkit-sqlite-"
_LOCK = "in-use"


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for the block. Those of processes that were killed meanwhile are removed first."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    descriptor = os.open(folder / "new", os.O_CREAT | os.O_RDWR)
    _lock(descriptor)
    os.rename(folder / "new", folder / _LOCK)  # nobody sees it before it is locked
    try:
        yield folder
    finally:
        os.close(descriptor)
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """The system lets go of a lock when its process ends, however that happens."""
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        with suppress(OSError):  # somebody else's, or gone by now
            descriptor = os.open(lock, os.O_RDWR)
            try:
                if _lock(descriptor):
                    shutil.rmtree(lock.parent, ignore_errors=True)
            finally:
                os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """Take a lock unless another process has it; False where that cannot be known."""
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, BlockingIOError):
        return False
    return True
