"""Inside the recorded process: start at its first line, write the part when it ends, however it ends."""

from __future__ import annotations

import atexit
import os
from functools import partial
from pathlib import Path

from perfkit.errors import PerfkitError

FOLDER_VARIABLE = "PERFKIT_RECORD_TO"


def start() -> None:
    """Record this process into the folder named by PERFKIT_RECORD_TO; does nothing without one."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    from perfkit.recording import record

    recording = record(whole_process=True)
    recording.__enter__()
    # atexit runs after an uncaught exception, sys.exit and Ctrl-C alike
    atexit.register(partial(_finish, recording, Path(folder), os.getpid()))


def _finish(recording: object, folder: Path, process: int) -> None:
    from perfkit.model.packing import pack
    from perfkit.model.storage import write_atomic
    from perfkit.recording import record

    if os.getpid() != process or not isinstance(recording, record):
        return  # a fork: the spans are its parent's
    recording.__exit__(None, None, None)
    import msgspec

    try:
        write_atomic(folder / f"{process}.part", msgspec.msgpack.encode(pack(recording.trace)))
    except PerfkitError:
        return  # the program's own ending matters more than its recording
