"""Folders that are made once and kept for later processes of the same user."""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of that name, filled by ``make`` if there is none. Two processes may ask at once."""
    cache = _cache()
    found = cache / name
    if not found.exists():
        making = Path(tempfile.mkdtemp(dir=cache))
        try:
            make(making)
            making.rename(found)
        except OSError:
            if not found.exists():  # else another process was faster
                raise
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return found


def _cache() -> Path:
    """A folder that only we can write to. Root's is where "nobody", its server's user, can reach it."""
    if os.geteuid() == 0:
        folder = Path(tempfile.gettempdir(), "perfkit-postgres-cache-0")
    else:
        home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
        folder = Path(home, "perfkit", "postgres")
    try:
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        known = folder.lstat()
        writable = known.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if stat.S_ISDIR(known.st_mode) and known.st_uid == os.geteuid() and not writable:
            return folder
    except OSError:
        pass
    own = tempfile.mkdtemp(prefix="perfkit-postgres-cache-")  # not kept for the next time
    Path(own).chmod(0o755)
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    return Path(own)
