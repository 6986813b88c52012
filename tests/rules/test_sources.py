import os
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.model import Frame
from perfkit.rules import parsed
from perfkit.rules.sources import MAX_SOURCE_BYTES, Sources

PROGRAM = """\
def report(leads):
    for lead in leads:
        load(lead)


def traced(function):
    def wrapper(*args):
        return function(*args)
    return wrapper
"""
LOOP = Frame("app.py", 3, "report")
WRAPPER = Frame("app.py", 8, "traced.wrapper")


@pytest.fixture
def sources(tmp_path):
    (tmp_path / "app.py").write_text(PROGRAM)
    return Sources(str(tmp_path))


def test_what_a_line_is(sources):
    assert sources.is_loop(LOOP)
    assert not sources.is_loop(Frame("app.py", 2, "report"))
    assert sources.is_wrapper(WRAPPER)
    assert not sources.is_wrapper(LOOP)
    assert not sources.is_loop(WRAPPER)


def test_each_file_is_read_and_parsed_once(sources, monkeypatch):
    texts = []
    monkeypatch.setattr(parsed, "parse", lambda text, parse=parsed.parse: texts.append(text) or parse(text))
    for _ in range(3):
        for line in range(1, 10):
            sources.is_loop(Frame("app.py", line, "report"))
            sources.is_wrapper(Frame("app.py", line, "wrapper"))
            sources.of(Frame("missing.py", line, "f"))
    assert texts == [PROGRAM.encode()]


def test_absolute_paths_lie_where_they_say(tmp_path, sources):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.py").write_text(PROGRAM)
    assert sources.is_loop(Frame(str(elsewhere / "other.py"), 3, "report"))


def test_the_default_is_the_working_directory(tmp_path, sources, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Sources().is_loop(LOOP)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("app.py", 3, "other"),
        Frame("app.py", 30, "report"),
        Frame("app.py", 0, "report"),
        Frame("app.py", -1, "report"),
        Frame("app.py", 5, "<module>"),
        Frame("missing.py", 3, "report"),
        Frame("", 3, "report"),
        Frame("app.py\0", 3, "report"),
        Frame("a" * 10_000, 3, "report"),
    ],
    ids=["renamed", "behind the end", "0", "-1", "empty line", "missing", "the folder", "NUL", "long"],
)
def test_what_does_not_fit_says_nothing(sources, frame):
    assert sources.of(frame) is None
    assert not sources.is_loop(frame)
    assert not sources.is_wrapper(frame)


@pytest.mark.parametrize(
    "text",
    [
        b"def report(:\n  pass\n",
        b"\0" * 100,
        b"\xff\xfe\x00d",
        b"# coding: no-such-codec\nx = 1\n",
        b"x = " + b"(" * 5_000 + b")" * 5_000,
        b"x = " + b"-" * 100_000 + b"1",
        b"if 1:\n\tpass\n        pass\n",
    ],
    ids=["syntax", "zeros", "bytes", "unknown coding", "parentheses", "deep", "tabs"],
)
def test_broken_files_say_nothing(tmp_path, text):
    (tmp_path / "app.py").write_bytes(text)
    assert Sources(str(tmp_path)).of(Frame("app.py", 1, "<module>")) is None


def test_files_in_other_codings_can_be_read(tmp_path):
    text = "# coding: latin-1\nname = 'é'\nfor x in y:\n    f(x)\n".encode("latin-1")
    (tmp_path / "app.py").write_bytes(text)
    assert Sources(str(tmp_path)).is_loop(Frame("app.py", 4, "<module>"))


def test_warnings_about_a_file_are_its_own_matter(tmp_path):
    (tmp_path / "app.py").write_text('for x in y:\n    f("\\d", 1 is 1, ()())\n')
    assert Sources(str(tmp_path)).is_loop(Frame("app.py", 2, "<module>"))


def test_huge_files_are_not_read(tmp_path):
    (tmp_path / "app.py").write_bytes(b"#" * (MAX_SOURCE_BYTES + 1))
    assert Sources(str(tmp_path)).of(Frame("app.py", 1, "<module>")) is None


@given(st.binary(max_size=200))
@settings(max_examples=200)
def test_any_bytes_are_a_file_or_none(text):
    source = parsed.parse(text)
    for line in range(-1, 5):
        frame = Frame("app.py", line, "<module>")
        assert source is None or source.is_loop(frame) <= source.fits(frame)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes in the file system")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "app.py")
    assert Sources(str(tmp_path)).of(LOOP) is None


def test_a_changed_file_fits_where_the_function_still_is(tmp_path):
    (tmp_path / "app.py").write_text("import os\n\n\n" + PROGRAM)
    sources = Sources(str(tmp_path))
    assert not sources.is_loop(LOOP)
    assert sources.is_loop(Frame("app.py", 6, "report"))
