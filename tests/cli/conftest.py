import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHOP = Path(__file__).parent.parent / "bench" / "shop.py"


@pytest.fixture
def project(tmp_path):
    """A project of its own with one scenario folder."""
    (tmp_path / "pyproject.toml").write_text("[tool.perfkit]\nworkers = 1\n")
    (tmp_path / "scenarios").mkdir()
    shutil.copy(SHOP, tmp_path / "scenarios" / "shop.py")
    return tmp_path


@pytest.fixture
def perfkit(project):
    """Runs the command line in the project: ``perfkit("bench", "shop").returncode``."""

    def run(*arguments, env=None, check=None, **options):
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PERFKIT_", "FORCE_", "NO_COLOR"))
        }
        done = subprocess.run(
            [sys.executable, "-m", "perfkit", *map(str, arguments)],
            cwd=project,
            env=environment | (env or {}),
            capture_output=True,
            text=True,
            timeout=120,
            **options,
        )
        if check is not None:
            assert done.returncode == check, done.stderr + done.stdout
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run
