"""docs/ci/gate.sh, and the two lines of docs/ci.md."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.recipes import repository

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "docs" / "ci" / "gate.sh"
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")

pytestmark = pytest.mark.once


def run(script, folder, environment):
    return subprocess.run(["sh", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("base", "counters", "times", "code", "calls"),
    [
        ("", 0, 1, 0, ["gate"]),
        ("", 3, 0, 3, ["gate"]),
        ("origin/main", 0, 0, 0, ["gate", "gate --base origin/main -- pytest benchmarks/"]),
        ("origin/main", 0, 3, 3, ["gate", "gate --base origin/main -- pytest benchmarks/"]),
        ("origin/main", 1, 3, 1, ["gate", "gate --base origin/main -- pytest benchmarks/"]),
    ],
)
def test_the_script_ends_as_the_gates_do(tmp_path, base, counters, times, code, calls):
    """With a perfkit that only notes what it is told, and ends as it is told."""
    told = tmp_path / "perfkit"
    told.write_text(
        f'#!/bin/sh\necho "$*" >> {tmp_path}/log\n[ "$2" = --base ] && exit {times}\nexit {counters}\n'
    )
    told.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "BASE": base}
    assert run(f"sh {SCRIPT}", tmp_path, environment).returncode == code
    assert (tmp_path / "log").read_text().splitlines() == calls


@pytest.mark.parametrize(("branch", "goes"), [("regressing", False), ("harmless", True)])
def test_a_push_that_regresses_is_held_back(checked_out, tmp_path, branch, goes):
    folder, environment = checked_out(branch, BASE="")
    shutil.copy(SCRIPT, folder / ".git" / "hooks" / "pre-push")
    target = tmp_path / "remote.git"
    repository.git(tmp_path, "init", "--quiet", "--bare", str(target))
    assert (run(f"git push --quiet {target} HEAD", folder, environment).returncode == 0) is goes
    assert bool(run(f"git ls-remote {target}", folder, environment).stdout) is goes


def test_the_two_lines_of_the_page(checked_out, programs, tmp_path):
    (block,) = [each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.S) if "- run: pip" in each]
    install, gate = [line.removeprefix("- run: ") for line in block.splitlines()]
    folder, environment = checked_out("regressing", GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert run(install, folder, environment).returncode == 0
    assert "perfkit" in (programs / "pip.log").read_text()
    assert run(gate, folder, environment).returncode == 1
    assert f"orders.py:{repository.EXTRA_LINE}" in (tmp_path / "summary").read_text()


def test_inconclusive_may_be_let_through(checked_out):
    """The line of the page that makes a pass of exit code 3, and of no other."""
    (line,) = re.findall(r"^    (perfkit gate .*\[ \$\? -eq 3 \].*)$", PAGE, re.M)
    for code, passes in ((3, True), (1, False), (2, False), (0, True)):
        script = re.sub(r"perfkit gate [^|]*", f"(exit {code}) ", line)
        assert (subprocess.run(["bash", "-e", "-c", script], check=False).returncode == 0) is passes


@pytest.mark.parametrize("page", ["docs/ci.md", "docs/gate.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert link.startswith("http") or ((ROOT / page).parent / link).exists(), link
