"""A real MariaDB for tests: one server per test session, on loopback, gone when the session is.

    from ..mariadb import mariadb_host  # a fixture

The server is the child of a shell that reads from a pipe held by this process: it ends when the pipe does,
however this process ends.
"""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path

import pytest

from tests.ports import free_port

PATIENCE_S = 30
_SCRIPT = """
home=$1
shift
trap 'cd / && rm -rf "$home"' EXIT
"$@" >log 2>&1 &
read _
kill $!
wait $!
"""


_SETTINGS = {
    "bind-address": "127.0.0.1",
    "pid-file": "pid",
    "skip-grant-tables": 1,  # there are none: it starts in an empty folder, which takes no second
    "innodb-flush-method": "nosync",
    "innodb-flush-log-at-trx-commit": 0,
    "innodb-fast-shutdown": 2,
    "innodb-log-file-size": "4M",
    "innodb-data-file-path": "ibdata1:2M:autoextend",
}


@pytest.fixture(scope="session")
def mariadb_host():
    """Host and port of the session's MariaDB. It takes any user and password, and has a database ``test``."""
    return mariadb()


@cache
def mariadb():
    """Start MariaDB, unless it runs already, and give its host and port. Skips where there is none."""
    program = shutil.which("mariadbd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if program is None:
        pytest.skip("no MariaDB: put mariadbd on the PATH")
    home = tempfile.mkdtemp(prefix="perfkit-mariadb-")
    Path(home, "data", "test").mkdir(parents=True)
    port = free_port()
    settings = {**_SETTINGS, "datadir": f"{home}/data", "socket": f"{home}/socket", "port": port}
    if os.geteuid() == 0:
        settings["user"] = "root"
    options = ["--no-defaults", *(f"--{name}={value}" for name, value in settings.items())]
    server = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "mariadb", home, program, *options],
        stdin=subprocess.PIPE,
        cwd=home,
        start_new_session=True,  # Ctrl-C is for the tests: the server goes after them
    )
    atexit.register(server.communicate)
    _wait_for(port, server)
    return f"127.0.0.1:{port}"


def _wait_for(port, server):
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.skip("MariaDB does not start")
