import json
import sys

import pytest

from perfkit.bench.ab import building, environments
from perfkit.bench.ab.building import Installed, requirements
from perfkit.bench.ab.environments import both_sides, describe, differences, packages_of
from perfkit.bench.ab.trees import Trees
from perfkit.errors import NothingToCompareError, UsageError
from tests.bench.ab.repositories import write

PROJECT = """
    [project]
    name = "My.Shop"
    version = "{version}"
    dependencies = [{dependencies}]
    [project.optional-dependencies]
    fast = ["msgspec>=0.1"]
    far = ["surely-not-installed"]
    [dependency-groups]
    test = ["pytest"]
"""


def project(root, version="1", dependencies="", **files):
    write(root, {"pyproject.toml": PROJECT.format(version=version, dependencies=dependencies), **files})
    return root


@pytest.fixture
def pair(tmp_path):
    return project(tmp_path / "base"), project(tmp_path / "head", version="2")


def trees_of(pair):
    return Trees(*pair, "main", "HEAD")


def test_another_version_alone_needs_no_other_environment(pair):
    assert differences(*pair) == []
    sides = both_sides(trees_of(pair))
    assert (sides.base.python, sides.head.python) == (sys.executable, sys.executable)


@pytest.mark.parametrize(
    ("name", "text"),
    [("requirements-test.txt", "x"), ("uv.lock", ""), ("setup.py", ""), ("requirements/dev.txt", "x")],
)
def test_files_that_name_dependencies(pair, name, text):
    write(pair[1], {name: text})
    assert differences(*pair) == [name]


def test_tables_that_name_dependencies(pair):
    project(pair[1], dependencies='"msgspec"')
    assert differences(*pair) == ["[project.dependencies]"]


def test_another_layout(pair):
    write(pair[1], {"src/shop/__init__.py": ""})
    assert differences(*pair) == ["the folder src"]


def test_modules_compiled_in_place(pair):
    for root in pair:
        write(root, {"shop/__init__.py": ""})
    write(pair[1], {"shop/fast.so": ""})
    assert differences(*pair) == ["compiled modules, which a fresh tree has not"]


def test_a_base_that_differs_gets_an_environment_of_its_own(pair, monkeypatch):
    project(pair[1], dependencies='"msgspec"')
    monkeypatch.setattr(environments, "build", lambda base, head, python, installed: "/venv/bin/python")
    sides = both_sides(trees_of(pair))
    assert sides.base.python == "/venv/bin/python"
    assert sides.head.python == sys.executable
    assert sides.notes == [
        "the base has an environment of its own, since these differ: [project.dependencies]"
    ]


def test_a_project_installed_as_a_copy_is_measured_from_the_trees(pair):
    for root in pair:
        write(root, {"src/msgspec/__init__.py": ""})  # as if this were msgspec's repository
    sides = both_sides(trees_of(pair))
    assert sides.base.paths == (str(pair[0] / "src"),)
    assert sides.head.paths == (str(pair[1] / "src"),)
    assert sides.notes == ["msgspec: installed as a copy; measured from the trees all the same"]
    assert sides.import_paths(pair[0]) == (str(pair[0] / "src"),)


def test_packages_of_a_tree(tmp_path):
    write(
        tmp_path,
        {"src/a/__init__.py": "", "b.py": "", "setup.py": "", "tests/__init__.py": "", "no-name.py": ""},
    )
    assert packages_of(tmp_path) == ["a", "b"]


def test_what_an_interpreter_has():
    found = describe(sys.executable, ("msgspec", "surely_not_there"))
    assert found.versions["pytest"] == pytest.__version__
    assert "pytest-benchmark" in found.plugins
    assert found.origins["msgspec"].endswith("__init__.py")
    assert found.origins["surely_not_there"] == ""


def test_an_interpreter_that_is_none():
    with pytest.raises(UsageError, match="does not run as a Python interpreter"):
        describe("/bin/true")


def test_requirements(tmp_path):
    project(tmp_path, dependencies='"a>1"', **{"requirements.txt": "# no\n-r x\nb==2 # why\n\n"})
    assert requirements(tmp_path) == {
        "": ["a>1"],
        "[fast]": ["msgspec>=0.1"],
        "[far]": ["surely-not-installed"],
        "test": ["pytest"],
        str(tmp_path / "requirements.txt"): ["b==2"],
    }


def test_what_is_installed_for_the_base(pair, monkeypatch):
    base, head = pair
    project(head, dependencies='"changed>2"')
    write(base, {"uv.lock": '[[package]]\nname = "locked"\nversion = "1"\n', "requirements.txt": "pytest\n"})
    write(head, {"uv.lock": '[[package]]\nname = "locked"\nversion = "2"\n'})
    ran = []
    monkeypatch.setattr(building, "_run", ran.append)
    versions = {
        "msgspec": "0.19",
        "pytest": "8",
        "changed": "3",
        "locked": "2",
        "My_Shop": "2",
        "odd": "1+local",
    }
    python = building.build(
        base, head, "/usr/bin/python3", Installed(versions, plugins=["pytest-benchmark", "my-shop"])
    )
    assert python == str(base.parent / "environment" / "bin" / "python")
    assert ran[0] == ["/usr/bin/python3", "-m", "venv", str(base.parent / "environment")]
    assert ran[1][-6:] == [
        "--editable",
        f"{base}[fast]",
        "pytest",
        "--requirement",
        str(base / "requirements.txt"),
        "pytest",
    ]
    assert (base.parent / "constraints.txt").read_text().split() == [
        "locked==1",
        "msgspec==0.19",
        "pytest==8",
    ]


def test_what_did_not_come_from_an_index_is_installed_from_where_it_came(pair, monkeypatch):
    ran = []
    monkeypatch.setattr(building, "_run", ran.append)
    installed = Installed(
        {"pytest": "8", "pytest-own": "1", "tool": "2"},
        plugins=["pytest-own"],
        sources={"pytest-own": ["--editable", "file:///own"], "tool": ["git+https://tool@1"]},
    )
    building.build(*pair, sys.executable, installed)
    assert ran[1][-3:] == ["pytest", "--editable", "file:///own"]
    assert (pair[0].parent / "constraints.txt").read_text() == "pytest==8"


@pytest.mark.parametrize(
    ("direct_url", "arguments"),
    [
        ({"url": "file:///own", "dir_info": {"editable": True}}, ["--editable", "file:///own"]),
        ({"url": "file:///own", "dir_info": {}}, ["file:///own"]),
        ({"url": "https://x/a.whl", "archive_info": {}}, ["https://x/a.whl"]),
        (
            {"url": "https://x/a", "vcs_info": {"vcs": "git", "commit_id": "12ab"}},
            ["git+https://x/a@12ab"],
        ),
    ],
)
def test_where_an_installed_package_came_from(tmp_path, monkeypatch, direct_url, arguments):
    info = tmp_path / "own-1.dist-info"
    write(info, {"METADATA": "Name: own\nVersion: 1\n", "direct_url.json": json.dumps(direct_url)})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert describe(sys.executable).sources["own"] == arguments


def test_warnings_of_pip_do_not_hide_what_went_wrong():
    says = "print('no such package'); print('WARNING: old\\n' * 20); raise SystemExit(1)"
    with pytest.raises(NothingToCompareError, match="cannot be built:\n  no such package"):
        building._run([sys.executable, "-c", says])


def test_an_environment_that_cannot_be_built():
    with pytest.raises(NothingToCompareError, match="cannot be built:\n  no such package"):
        building._run([sys.executable, "-c", "print('no such package'); raise SystemExit(1)"])
    with pytest.raises(NothingToCompareError, match="cannot be built"):
        building._run(["/nowhere/python"])
