"""``perfkit``: from arguments to an exit code. Every error becomes one clear message on stderr."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

from perfkit.errors import PerfkitError

INTERNAL_ERROR = 70
INTERRUPTED = 130
BROKEN_PIPE = 141


def main() -> None:
    """The console script."""
    code = run(sys.argv[1:])
    try:
        if sys.stdout is not None:  # as it is where it was closed: >&-
            sys.stdout.flush()
    except OSError as error:
        code = _unwritten(error)
    sys.exit(code)


def run(arguments: Sequence[str]) -> int:
    """Carry out the command line ``arguments`` and return the exit code."""
    try:
        import click

        from perfkit.cli.app import cli
    except ModuleNotFoundError as error:
        _say(f"the command line needs {error.name}, which is not installed: pip install 'perfkit[bench]'")
        return 2
    try:
        code = cli.main(args=list(arguments), prog_name="perfkit", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except PerfkitError as error:
        _say(str(error))
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return INTERRUPTED
    except OSError as error:
        return _unwritten(error)
    except ModuleNotFoundError as error:
        return _missing(error)
    except Exception:  # the last resort: nothing the user did should end here
        traceback.print_exc()
        _say("internal error in perfkit; the traceback above says where. Please report it.")
        return INTERNAL_ERROR


def _missing(error: ModuleNotFoundError) -> int:
    """A third-party package that an extra brings."""
    _say(f"this needs {error.name}, which is not installed: pip install 'perfkit[all]'")
    return 2


def _unwritten(error: OSError) -> int:
    """Output that could not be written; where its reader has gone there is nobody to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # keeps Python's own flush at exit quiet
    if isinstance(error, BrokenPipeError):
        return BROKEN_PIPE
    _say(f"cannot write: {error.strerror or error}")
    return 2


def _say(text: str) -> None:
    sys.stderr.write(f"perfkit: {text}\n")


if __name__ == "__main__":
    main()
