"""The Markdown report in the summary of a GitHub Actions step, next to what is there already.

A step's summary takes 1 MiB; of a longer one GitHub shows nothing at all.
Source: docs.github.com, "Workflow commands for GitHub Actions", adding a job summary.
"""

from __future__ import annotations

import os
from pathlib import Path

from perfkit.errors import RunFileError, UsageError
from perfkit.model import Run
from perfkit.report.formats import markdown

VARIABLE = "GITHUB_STEP_SUMMARY"
MAX_BYTES = 1_048_576
LEAST_BYTES = 1_000
"""With less room than this nothing is added."""


def summary_path() -> Path:
    """The file of the step's summary. Raises UsageError outside of GitHub Actions."""
    name = os.environ.get(VARIABLE, "")
    if not name:
        raise UsageError(
            f"{VARIABLE} is not set: --github is for a step of GitHub Actions; use -f md elsewhere"
        )
    return Path(name)


def write_summary(run: Run) -> Path | None:
    """Append the report to the file that GITHUB_STEP_SUMMARY names; None where there is no room left in it.

    Raises UsageError when the variable is not set, RunFileError when the file cannot be written.
    """
    path = summary_path()
    try:
        with path.open("ab") as file:
            before = b"\n" if file.tell() else b""
            room = MAX_BYTES - file.tell() - len(before)
            if room < LEAST_BYTES:
                return None
            file.write(before + markdown.document(run, room))
    except OSError as error:
        raise RunFileError(
            f"cannot write {path}, which {VARIABLE} names: {error.strerror or error}"
        ) from error
    return path
