import contextlib
import signal
import socket
import subprocess
import sys
import threading

import pytest

from perfkit.cli.link_control import FaultText, LinkControl, Rate, describe, make_link
from perfkit.errors import UsageError, WorldError
from perfkit.worlds.database.postgres.binaries import find_binaries
from perfkit.worlds.link import Fault, LinkProxy

pytestmark = pytest.mark.once


MS = 1_000_000


class Serving:
    """A running ``perfkit serve``: its first line on stdout, and what it says on stderr."""

    def __init__(self, folder, *arguments):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "perfkit", "serve", *map(str, arguments)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        self.address = self.process.stdout.readline().strip()
        return self

    def __exit__(self, *details):
        self.process.kill()
        self.process.communicate()

    def ask(self, line):
        """The one line that answers a line."""
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        return self.process.stderr.readline().strip()

    def end(self, number=signal.SIGTERM):
        """What it says last, having ended well."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, said
        assert "Traceback" not in said
        return said


@pytest.fixture
def echo():
    """The port of a service that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(ConnectionError):
                    while data := connection.recv(100):
                        connection.sendall(data)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def talk(address, data=b"ping"):
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port))) as client:
        client.sendall(data)
        return client.recv(100)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_link(project, echo, number):
    with Serving(project, "link", f"127.0.0.1:{echo}", "--rtt", "1ms") as link:
        assert link.process.stderr.readline().startswith("round trip: asked 1.00 ms, delivers ")
        assert talk(link.address) == b"ping"
        assert "served: connections 1, open 0, unreachable 0, refused 0" in link.end(number)


def test_settings_change_while_it_runs(project, echo):
    with Serving(project, "link", f"127.0.0.1:{echo}") as link:
        link.process.stderr.readline()
        assert link.ask("rtt 3ms") == "rtt 3 ms"
        assert link.ask("  jitter 2ms ") == "rtt 3 ms, jitter up to 2 ms"
        assert link.ask("measure").startswith("round trip: asked 3.00 ms, delivers ")
        assert link.ask("rt 3ms").startswith("no command named 'rt'. Did you mean 'rtt'")
        assert link.ask("refuse on") == "refuse on"
        with pytest.raises(ConnectionResetError):
            talk(link.address)
        assert link.ask("status").startswith("rtt 3 ms, jitter up to 2 ms; connections 1, open 0")
        link.process.stdin.write("quit\n")
        link.process.stdin.flush()
        assert link.process.wait(20) == 0


def test_it_runs_on_when_nobody_writes_to_it(project, echo):
    with Serving(project, "link", f"127.0.0.1:{echo}") as link:
        link.process.stdin.close()
        link.process.stdin = None
        assert talk(link.address) == b"ping"
        link.end()


def test_postgres(project):
    try:
        find_binaries()
    except WorldError as error:
        pytest.skip(str(error))
    psycopg = pytest.importorskip("psycopg")
    with Serving(project, "postgres", "--rtt", "2ms") as link:
        assert link.address.startswith("postgresql://postgres@127.0.0.1:")
        with psycopg.connect(link.address) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        said = link.end(signal.SIGINT)
    assert "round trip: asked 2.00 ms, delivers " in said
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(link.address)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lnik", "a:1"], ["lnik"]),
        (["link", "localhost"], ["'localhost' is no HOST:PORT", "127.0.0.1:6379"]),
        (["link", "a:1", "--rtt", "5"], ["'5' is no duration", "200ms"]),
        (["link", "a:1", "--bandwidth", "10"], ["'10' is no rate", "10MB/s"]),
        (["link", "a:1", "--fault", "rezet"], ["Did you mean 'reset'"]),
        (["link", "a:1", "--fault", "reset,shar=1"], ["Did you mean 'share'"]),
        (["link", "a:1", "--fault", "reset,share=lots"], ["could not convert string to float: 'lots'"]),
        (["link", "a:1", "--fault", "reset,share=3"], ["share=3.0", "from 0 to 1"]),
    ],
)
def test_mistakes_are_explained(perfkit, arguments, words):
    said = perfkit("serve", *arguments, check=2).stderr
    for word in words:
        assert word in " ".join(said.split())


def test_a_port_in_use_is_said(perfkit, echo):
    said = perfkit("serve", "link", "127.0.0.1:1", "--port", echo, check=2).stderr
    assert f"cannot listen on 127.0.0.1:{echo}: " in said
    assert "another port" in said


def test_no_postgres(perfkit, tmp_path):
    said = perfkit("serve", "postgres", env={"PERFKIT_PG_BIN": str(tmp_path)}, check=2).stderr
    assert "pip install 'perfkit[postgres]'" in said
    said = perfkit(
        "serve", "postgres", env={"PERFKIT_PG_DSN": "postgresql://a:s3cr3t@127.0.0.1:1/b"}, check=2
    )
    assert "127.0.0.1:1" in said.stderr
    assert "s3cr3t" not in said.stderr


# Lines and options as text


@pytest.fixture
def control():
    return LinkControl(LinkProxy(("127.0.0.1", 1)))


def test_every_line_says_what_it_did(control):
    assert control.obey("rtt 20ms") == "rtt 20 ms"
    assert control.obey("jitter 2ms") == "rtt 20 ms, jitter up to 2 ms"
    assert control.obey("bandwidth 100Mbit/s") == "rtt 20 ms, jitter up to 2 ms, bandwidth 12.5 MB/s"
    assert control.obey("jitter off") == "rtt 20 ms, bandwidth 12.5 MB/s"
    assert control.obey("bandwidth off") == "rtt 20 ms"
    assert control.obey("fault reset,share=0.1") == "faults: reset"
    assert control.obey("fault slow-close,close=2s") == "faults: reset, slow_close"
    assert control.obey("fault off") == "faults: none"
    assert control.obey("refuse on") == "refuse on"
    assert control.obey("blackhole on") == "blackhole on"
    assert control.obey("blackhole off") == "blackhole off"
    assert control.obey("reset") == "reset 0 connections"
    assert control.obey("status").startswith("rtt 20 ms; connections 0, ")
    assert "blackhole on | off" in control.obey("help")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("blackhole", "write on or off, not ''"),
        ("rtt 20", "'20' is no duration"),
        ("bandwidth -1MB/s", "is no rate"),
        ("fault explode", "no fault named 'explode'"),
        ("quti", "Did you mean 'quit'"),
        ("__class__", "no command"),
    ],
)
def test_a_line_that_is_not_understood(control, line, words):
    with pytest.raises(UsageError, match=words):
        control.obey(line)


def test_options_as_text():
    assert Rate().convert("500kB/s", None, None) == 500_000
    assert Rate().convert("1Gbit/s", None, None) == 125_000_000
    fault = FaultText().convert("reset,share=0.5,bytes=10,connections=3", None, None)
    assert fault == Fault("reset", share=0.5, after_bytes=10, after_connections=3)
    assert FaultText().convert("slow_close,close=20ms", None, None).close_ns == 20 * MS
    assert describe(make_link(MS, 0, None)) == "rtt 1 ms"
