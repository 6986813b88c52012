"""A PostgreSQL server of our own: on loopback, in a temporary folder, gone when we are.

It is the child of a shell that reads from a pipe held by this process. The pipe ends when this process
does, however that happens, and the shell then stops the server and removes its folder. A data directory made
once by ``initdb`` is kept in a cache and copied.

It lets every user of this machine in, as its superuser: it holds test data and runs as nobody else.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from perfkit.errors import WorldError
from perfkit.worlds.database.postgres.binaries import Binaries, find_binaries, real_popen, said, unprivileged
from perfkit.worlds.database.postgres.keeping import kept

USER = "postgres"

_ATTEMPTS = 3  # another process may take the free port before the server does

_MAX_SOCKET_BYTES = 103
"""Length of a Unix socket's path (sun_path of unix(4), without its end, on macOS; Linux has four more)."""

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "..",  # seen from the data directory: the server's own folder
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "max_connections": "200",
    "max_prepared_transactions": "2",
    "shared_buffers": "64MB",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "deadlock_timeout": "200ms",
}
"""Nothing of a cluster survives its process, so nothing waits for a disk; what works at times of its own, or
in parallel, is off, so that the same statements do the same work every time."""

_MAKE = """
exec 2>&1
"$1/initdb" -D "$2" -U postgres -A trust -E UTF8 --locale=C --no-sync --wal-segsize=1
"""

_RUN = """
bin=$1 template=$2 home=$3; shift 3
trap 'cd / && rm -rf "$home"' EXIT
trap '' INT HUP TERM  # it ends with the pipe, and cleans up
exec 2>&1
cp -R "$template" "$home/data" && chmod 700 "$home/data" || exit 1
"$bin/postgres" -D "$home/data" "$@" >"$home/log" 2>&1 </dev/null &
server=$!
tries=0
until grep -q ready "$home/data/postmaster.pid" 2>/dev/null
do
    tries=$((tries + 1))
    if ! kill -0 $server 2>/dev/null || [ $tries -gt 3000 ]
    then tail -n 20 "$home/log"; kill -QUIT $server 2>/dev/null; exit 1
    fi
    sleep 0.01
done
echo ready
read _
kill -QUIT $server 2>/dev/null
wait $server
"""
"""Copy the template, run the server, and end it with the pipe on standard input."""


class Cluster:
    """A running server: ``with Cluster() as cluster: psycopg.connect(cluster.dsn())``.

    WorldError if there is no PostgreSQL, or it does not start.
    """

    def __init__(self) -> None:
        binaries = find_binaries()
        template = _template(binaries)
        for _ in range(_ATTEMPTS):
            self.port = _free_port()
            problem = self._start(binaries, template)
            if not problem:
                atexit.register(self.stop)
                return
        raise WorldError(f"PostgreSQL of {binaries.folder} does not start: {problem}")

    def _start(self, binaries: Binaries, template: Path) -> str:
        """Why it did not start; "" if it did."""
        user = unprivileged()
        self._home = home = tempfile.mkdtemp(prefix="perfkit-postgres-")
        if user:
            os.chown(home, user["user"], user["group"])
        settings = [f"-c{name}={value}" for name, value in {**_SETTINGS, "port": str(self.port)}.items()]
        self._owner = os.getpid()
        self._shell = real_popen()(
            ["/bin/sh", "-c", _RUN, "postgres", str(binaries.folder), str(template), home, *settings],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=home,
            text=True,
            start_new_session=True,  # Ctrl-C is for us: the server goes after us
            **user,
        )
        if self._shell.stdout.readline() == "ready\n":
            return ""
        problem = self._shell.stdout.read()
        self.stop()
        return problem.strip() or "it says nothing"

    @property
    def address(self) -> tuple[str, int]:
        """IP address and port."""
        return "127.0.0.1", self.port

    @property
    def near_address(self) -> tuple[str, int] | str:
        """The path of its Unix socket, which costs server and client less than TCP, or else ``address``.

        Only its user and root reach the folder; a folder's path may be too long for a socket.
        """
        path = os.path.join(self._home, f".s.PGSQL.{self.port}")
        fits = len(os.fsencode(path)) <= _MAX_SOCKET_BYTES
        return path if fits and os.access(path, os.R_OK | os.W_OK) else self.address

    def dsn(self, database: str = USER) -> str:
        """The connection string of a database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        """End the server and remove its folder. Does nothing in a fork of the process that started it."""
        if os.getpid() != self._owner or self._shell.stdin.closed:
            return
        atexit.unregister(self.stop)
        self._shell.stdin.close()
        self._shell.stdout.read()  # until the shell has ended, without a wait that a simulation would mistake
        self._shell.stdout.close()
        os.waitpid(self._shell.pid, 0)
        self._shell.returncode = 0
        shutil.rmtree(self._home, ignore_errors=True)  # where "nobody" may not: in a folder of root's own

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _template(binaries: Binaries) -> Path:
    """A data directory as ``initdb`` makes it, kept for the next time."""
    key = blake2b(f"{binaries.folder} {binaries.version} {_MAKE}".encode(), digest_size=8).hexdigest()
    return kept(f"data-{key}", lambda folder: _make(binaries, folder))


def _make(binaries: Binaries, folder: Path) -> None:
    user = unprivileged()
    if user:
        os.chown(folder, user["user"], user["group"])
    code, output = said("/bin/sh", "-c", _MAKE, "initdb", binaries.folder, folder)
    if code != 0:
        raise WorldError(f"initdb of {binaries.folder} fails: {output[-500:]}")


def _free_port() -> int:
    import _socket  # the real one, also in a simulation

    probe = _socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
    finally:
        probe.close()
