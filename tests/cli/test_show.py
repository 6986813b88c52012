import io
import sys

import pytest

from perfkit.cli.show import notes, results


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("console", [results, notes])
def test_a_pipe_is_80_columns_wide_whatever_terminal_is_near(console, monkeypatch):
    monkeypatch.setattr("os.get_terminal_size", lambda *_: (200, 50))
    for stream in ("stdout", "stderr"):
        monkeypatch.setattr(sys, stream, io.StringIO())
    monkeypatch.delenv("COLUMNS", raising=False)
    assert console().width == 80
    monkeypatch.setenv("COLUMNS", "61")
    assert console().width == 61


@pytest.mark.parametrize("console", [results, notes])
def test_a_terminal_has_its_own_width(console, monkeypatch):
    monkeypatch.setattr("os.get_terminal_size", lambda *_: (200, 50))
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert console().width == 200
