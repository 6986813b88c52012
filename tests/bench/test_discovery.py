import pytest

from perfkit.bench.discovery import find, load_file
from perfkit.errors import ScenarioError, UnknownNameError

GOOD = """
import perfkit
from perfkit.worlds import WebWorld
{name} = perfkit.Scenario("{name}", sizes=(1,), world=WebWorld(lambda size: None))
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("shop", "stock"):
        (tmp_path / f"{name}.py").write_text(GOOD.format(name=name))
    (tmp_path / "_helper.py").write_text("raise RuntimeError('a helper is no scenario')")
    return tmp_path


def test_all_of_a_folder_or_the_named_ones(folder):
    assert list(find([], folder).scenarios) == ["shop", "stock"]
    assert list(find(["stock"], folder).scenarios) == ["stock"]
    assert list(find([str(folder / "shop.py")], folder / "nowhere").scenarios) == ["shop"]


def test_a_broken_file_does_not_hide_the_others(folder):
    (folder / "broken.py").write_text("x = 1\nraise ValueError('boom')\n")
    found = find([], folder)
    assert list(found.scenarios) == ["shop", "stock"]
    (error,) = found.errors
    assert "broken.py:2 raised on import: ValueError: boom" in str(error)


def test_an_unknown_name_gets_a_suggestion(folder):
    with pytest.raises(UnknownNameError, match=r"no scenario named 'shpo'\. Did you mean 'shop'"):
        find(["shpo"], folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (", r"bad\.py:1 raised on import: SyntaxError"),
        ("import sys; sys.exit(3)", r"bad\.py:1 raised on import: SystemExit: 3"),
        ("x = 1", r"bad\.py defines no perfkit.Scenario"),
    ],
)
def test_files_that_give_nothing_say_why(tmp_path, text, message):
    (tmp_path / "bad.py").write_text(text)
    with pytest.raises(ScenarioError, match=message):
        load_file(tmp_path / "bad.py")


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(ScenarioError, match=r"no scenario file .*nowhere\.py"):
        load_file(tmp_path / "nowhere.py")
    with pytest.raises(ScenarioError, match=r"no scenario folder .*name a file"):
        find([], tmp_path / "nowhere")


def test_two_files_with_one_name_keep_the_first(folder):
    (folder / "zzz.py").write_text(GOOD.format(name="shop"))
    found = find([], folder)
    assert found.scenarios["shop"].file.endswith("shop.py")
    assert "already" in str(found.errors[0])


def test_files_of_one_name_in_two_folders_do_not_mix(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "same.py").write_text(
            GOOD.format(name=f"in_{folder}") + f"again = in_{folder}\n"
        )
    found = find([str(tmp_path / "a" / "same.py"), str(tmp_path / "b" / "same.py")], tmp_path)
    assert list(found.scenarios) == ["in_a", "in_b"]
    assert not found.errors


def test_a_file_may_import_its_neighbours(folder):
    (folder / "_shared_by_test.py").write_text("SIZE = 3")
    (folder / "uses.py").write_text("from _shared_by_test import SIZE\n" + GOOD.format(name="uses"))
    assert [s.name for s in load_file(folder / "uses.py")] == ["uses"]
