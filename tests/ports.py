"""A free port on loopback, for servers that have to be told theirs."""

import contextlib
import socket


def free_port(*also):
    """A port that nobody has; nor has anybody those so many higher, as in ``free_port(10_000)``."""
    while True:
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError, OverflowError):
            port = _taken(stack, 0)
            for offset in also:
                _taken(stack, port + offset)
            return port


def _taken(stack, port):
    found = stack.enter_context(socket.socket())
    found.bind(("127.0.0.1", port))
    return found.getsockname()[1]
