import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from perfkit.sim.postgres.processes import Processes

TITLE = "postgres: ann shop 127.0.0.1(5555) idle"

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/cmdline"), reason="no /proc")


@pytest.fixture
def process():
    """A process with the title of a server's."""
    command = ["sh", "-c", 'exec -a "$0" "$@"', TITLE, sys.executable, "-c", "input()"]
    if subprocess.run(["bash", "-c", "true"], check=False).returncode:
        pytest.skip("no bash")
    child = subprocess.Popen(["bash", *command[1:]], stdin=subprocess.PIPE)
    while not Path(f"/proc/{child.pid}/cmdline").read_bytes().startswith(TITLE.encode()):
        time.sleep(0.01)
    yield child.pid
    child.communicate(b"\n")


def state(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_only_the_process_of_the_very_connection_is_ours(process):
    assert Processes.is_ours(process, 5555)
    assert not Processes.is_ours(process, 555)
    assert not Processes.is_ours(os.getpid(), 5555)
    assert not Processes.is_ours(2**22 + 1, 5555)


def test_a_process_is_held_up_and_let_on(process):
    processes = Processes()
    processes.hold([process, 2**22 + 1])
    while state(process) != "T":
        time.sleep(0.001)
    processes.let_all_on()
    assert state(process) != "T"
    processes.let_on(process)  # nothing to do
