import json.decoder
import sys
import types

import msgspec

from perfkit.model import Frame
from perfkit.profiling import capture, wrapping
from perfkit.profiling.places import Places, is_machinery, module_name


class Shop:
    def sell(self):
        return sys._getframe().f_lineno

    def many(self):
        return (lambda: sys._getframe().f_lineno)()


def place(*, line, name):
    return Places()(__file__, line, name)


def test_the_application_is_shown_by_file_line_and_qualified_name():
    line = Shop().sell()
    assert place(line=line, name="sell").frame == Frame("tests/profiling/test_places.py", line, "Shop.sell")
    assert place(line=line, name="sell").application


def test_a_line_with_several_functions_is_told_apart_by_name():
    line = Shop().many()
    assert place(line=line, name="<lambda>").frame.function == "Shop.many.<lambda>"
    assert place(line=line, name="many").frame.function == "Shop.many"
    assert place(line=line, name="").frame.function == "Shop.many"


def test_without_source_the_bare_name_stays(tmp_path):
    assert Places()(str(tmp_path / "gone.py"), 3, "run").frame == Frame(str(tmp_path / "gone.py"), 3, "run")
    broken = tmp_path / "broken.py"
    broken.write_text("def run(:\n")
    assert Places()(str(broken), 1, "run").frame.function == "run"


def test_source_that_python_warns_of_gives_no_warning(tmp_path):
    odd = tmp_path / "odd.py"
    odd.write_text("def run():\n    return 'a\\d' is 'b'\n")
    assert Places()(str(odd), 2, "run").frame.function == "run"


def test_libraries_are_shown_by_module_and_function():
    found = Places()(json.decoder.__file__, 353, "raw_decode")
    assert found == (Frame("json.decoder", 0, "raw_decode"), False)
    assert Places()(json.__file__, 12, "loads").frame.file == "json"
    assert Places()(msgspec.__file__, 12, "f").frame.file == "msgspec"
    assert Places()("<built-in>", 0, "list.append").frame == Frame("<built-in>", 0, "list.append")


def test_a_library_frame_without_a_name_keeps_its_line():
    assert Places()(json.decoder.__file__, 353, "").frame == Frame("json.decoder", 353, "")


def test_a_file_outside_of_the_path_is_shown_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    assert module_name(str(tmp_path / "thing.py")) == "thing"


def test_what_nobody_wants_to_see_is_left_out():
    assert Places()("<frozen importlib._bootstrap>", 1176, "_find_and_load") is None
    assert Places()(wrapping.__file__, 50, "profiled") is None
    assert is_machinery(capture.__file__)
    assert not is_machinery(wrapping.__file__)
    assert not is_machinery(types.__file__)
