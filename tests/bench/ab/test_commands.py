import sys
from pathlib import Path

import pytest

from perfkit.bench.ab.commands import Program, Suite, understand
from perfkit.errors import UsageError

HERE = Path(sys.executable)


@pytest.fixture(autouse=True)
def _on_path(monkeypatch):
    monkeypatch.setenv("PATH", str(HERE.parent), prepend=":")


@pytest.mark.parametrize("name", ["pytest", str(HERE.parent / "pytest")])
def test_pytest_runs_in_the_interpreter_beside_it(name):
    assert understand([name, "-k", "x"]) == Suite(str(HERE.parent / "python"), ("-k", "x"))


def test_python_m_pytest_has_its_folder_on_the_path():
    assert understand([sys.executable, "-m", "pytest", "a"]) == Suite(sys.executable, ("a",), module=True)


@pytest.mark.parametrize("words", [("python", "a.py"), ("python", "-m", "timeit"), ("python", "-m")])
def test_any_other_command_is_a_program(words):
    assert understand(words) == Program(words)


@pytest.mark.parametrize("words", [("python", "-X", "dev", "-m", "pytest"), ("env", "A=1", "pytest", "x")])
def test_pytest_in_a_roundabout_way_is_refused(words):
    with pytest.raises(UsageError, match="give pytest itself as the command"):
        understand(words)


def test_a_command_that_is_not_there():
    with pytest.raises(UsageError, match="there is no command"):
        understand(["./nothing"])
