"""The agent's modules, which run without perfkit: moving to a tree, looking at it."""

import os
import sys
from types import ModuleType

import pytest

from perfkit.bench.ab.site.perfkit_agent import looking, moving
from tests.bench.ab.repositories import write


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setattr(sys, "path", list(sys.path))
    modules = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(modules):
        del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("/head", "/base"),
        ("/head/a", "/base/a"),
        ("/header/a", "/header/a"),
        ("-k", "-k"),
        ("/x/head", "/x/head"),
    ],
)
def test_paths_are_moved_to_the_side(text, there):
    assert moving.moved(text, ["/base", "/head"], "/base") == there


def test_editable_installs_of_setuptools_are_moved(monkeypatch):
    finder = ModuleType("__editable___shop_1_finder")
    finder.MAPPING = {"shop": "/head/src/shop", "other": "/other"}
    finder.NAMESPACES = {"space": ["/head/space", "/other/space"]}
    monkeypatch.setitem(sys.modules, finder.__name__, finder)
    moving.move(["/base", "/head"], "/base")
    assert finder.MAPPING == {"shop": "/base/src/shop", "other": "/other"}
    assert finder.NAMESPACES == {"space": ["/base/space", "/other/space"]}


def test_processes_of_a_benchmark_import_from_the_side(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["/head/lib", "/other"]))
    sys.path.insert(0, "/base/src")
    moving.move(["/base", "/head"], "/base")
    assert os.environ["PYTHONPATH"] == os.pathsep.join(["/base/src", "/base/lib", "/other"])


def test_a_package_from_elsewhere_is_told(tmp_path, monkeypatch):
    write(
        tmp_path,
        {"here/src/shop/__init__.py": "", "there/shop/__init__.py": "", "here/tests/__init__.py": ""},
    )
    module = ModuleType("shop")
    module.__file__ = str(tmp_path / "there" / "shop" / "__init__.py")
    monkeypatch.setitem(sys.modules, "shop", module)
    said = moving.elsewhere(str(tmp_path / "here"))
    assert said.startswith(f"shop is imported from {tmp_path / 'there' / 'shop'}")
    assert "pip install -e ." in said
    module.__file__ = str(tmp_path / "here" / "src" / "shop" / "__init__.py")
    assert moving.elsewhere(str(tmp_path / "here")) == ""


def test_modules_to_share_are_the_installed_ones(tmp_path, monkeypatch):
    for name, file in (("mine", tmp_path / "mine.py"), ("copy", tmp_path.parent / "copy.py")):
        module = ModuleType(name)
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, name, module)
    shared = looking.shared_modules([str(tmp_path)], ["copy"])
    assert "pytest" in shared
    assert not {"mine", "copy", "sys"} & set(shared)


def test_a_repeater_makes_its_calls_of_one_benchmark():
    made = []
    repeater = looking.Repeater({"options": {}, "name": "b", "loops": 7})
    assert repeater.offer(["a", "b"]) == ["b"]
    repeater.measure("b", made.append)
    assert made == [7]
    with pytest.raises(SystemExit, match="b: broken"):
        repeater.failed("b", "broken")
