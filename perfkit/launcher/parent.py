"""Starting the recorded program, waiting for it, and joining the parts it left."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from perfkit.errors import UsageError
from perfkit.launcher.child import EXPLAIN_VARIABLE, FOLDER_VARIABLE, PROFILE_VARIABLE
from perfkit.launcher.part import Part, read_part
from perfkit.model import Trace
from perfkit.model.profile import Profile

_SITE = str(Path(__file__).parent / "site")


@dataclass(frozen=True)
class Recorded:
    """What came of a program: its exit code as a shell shows it, and its trace (None: no recording).

    ``computing_ns`` is the processor time of all its recorded processes together, ``profiles`` what was
    asked for beside the recording. ``cut``: a process was killed, so that its end is not in the trace.
    """

    exit_code: int
    trace: Trace | None
    computing_ns: int
    profiles: list[Profile] = field(default_factory=list)
    cut: bool = False


def record_program(arguments: Sequence[str], *, profile: str = "", explain: bool = False) -> Recorded:
    """Run ``arguments`` (a program and its arguments) and record every Python process of it.

    ``profile`` is "cpu" or "memory" to profile the first process, too; ``explain`` asks for query plans.
    Raises UsageError when there is no such program. A program that dies leaves what it recorded until then,
    unless it was killed outright.
    """
    # a process that outlives the program may write into the folder while it is being removed
    with tempfile.TemporaryDirectory(prefix="perfkit-", ignore_cleanup_errors=True) as folder:
        environment = dict(os.environ)
        environment[FOLDER_VARIABLE] = folder
        if profile:
            environment[PROFILE_VARIABLE] = profile
        if explain:
            environment[EXPLAIN_VARIABLE] = "1"
        paths = [_SITE, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
        code = _run(list(arguments), environment)
        return _recorded(code, Path(folder))


def _run(arguments: list[str], environment: dict[str, str]) -> int:
    try:
        process = subprocess.Popen(arguments, env=environment)  # noqa: S603 - running it is the whole point
    except OSError as error:
        raise UsageError(f"cannot run {arguments[0]}: {error.strerror or error}") from error
    # Ctrl-C reaches the program by itself, from the terminal; the program decides what it means
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    terminate = signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    try:
        code = process.wait()
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGTERM, terminate)
    return 128 - code if code < 0 else code


def _recorded(code: int, folder: Path) -> Recorded:
    """The parts in ``folder`` as one; a damaged one is left out and named, the exit code is never lost."""
    parts, problems = list[Part](), []
    for path in sorted(folder.glob("*.part")):
        try:
            part = read_part(path)
        except Exception as error:
            problems.append(f"what process {path.stem.partition('-')[0]} recorded cannot be read: {error}")
            continue
        parts.append(part)
    # one whose place another Python program took, as execv has it, goes on under the same number
    last = {part.pid: part for part in sorted(parts, key=lambda part: part.trace.start_ns)}.values()
    killed = [part.pid for part in last if not part.complete and not part.is_child]
    problems += [f"process {pid} was killed: its last second may be missing" for pid in killed]
    ended = sum(part.is_child and not part.complete for part in parts)
    if ended:
        problems.append(
            f"{ended} processes of multiprocessing were ended by their parent: what they did after their "
            "last message to it may be missing"
        )
    if not parts:
        return Recorded(code, None, 0)
    whole = join([part.trace for part in parts])
    whole.warnings += problems
    profiles = [profile for part in parts for profile in part.profiles]
    computing_ns = sum(part.computing_ns for part in parts)
    return Recorded(code, whole, computing_ns, profiles, cut=bool(killed))


def join(traces: Sequence[Trace]) -> Trace:
    """The traces of several processes as one: numbers of spans, tasks and threads kept apart.

    All processes of one machine share the clock that spans are stamped with.
    """
    whole = Trace(traces[0].clock, min(t.start_ns for t in traces), max(t.end_ns for t in traces))
    for trace in sorted(traces, key=lambda trace: trace.start_ns):
        spans, tasks, threads = (
            len(whole.spans),
            max((s.task for s in whole.spans), default=0),
            max((s.thread for s in whole.spans), default=0),
        )
        for span in trace.spans:
            span.id += spans
            span.parent = None if span.parent is None else span.parent + spans
            span.task += tasks if span.task else 0
            span.thread += threads
        whole.spans += trace.spans
        whole.probes = sorted({*whole.probes, *trace.probes})
        whole.hosts += trace.hosts
        whole.dropped += trace.dropped
        whole.cpu_ns = max(whole.cpu_ns, 0) + trace.cpu_ns if trace.cpu_ns >= 0 else whole.cpu_ns
        whole.tracing_ns += trace.tracing_ns
        whole.warnings += trace.warnings
    return whole
