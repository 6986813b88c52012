import pytest

from perfkit.errors import NothingToCompareError, RunFileError
from perfkit.model.storage import write_run
from perfkit.report.index import find, latest, previous
from tests.report.index.stored import run_of, store
from tests.report.sample import trace_run


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    for name, run in {
        "20250301-shop": run_of(1),
        "20250302-shop": run_of(2),
        "20250303-wall": run_of(3, clock="wall"),
        "20250304-till": run_of(4, name="till"),
        "20250305-shop": run_of(5),
    }.items():
        write_run(run, folder / f"{name}.json")
    write_run(trace_run(), folder / "trace.json.gz")
    return folder


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("20250304-till", "20250304-till.json"),
        ("20250304-till.json", "20250304-till.json"),
        ("20250304", "20250304-till.json"),
        ("trace", "trace.json.gz"),
        ("latest", "20250305-shop.json"),
        ("previous", "20250302-shop.json"),
    ],
)
def test_names(folder, wanted, name):
    assert find(wanted, folder) == folder / name


def test_a_file_is_that_file(folder, tmp_path, monkeypatch):
    write_run(run_of(1), tmp_path / "latest")
    monkeypatch.chdir(tmp_path)
    assert find("latest", folder).resolve() == tmp_path / "latest"
    assert find(str(folder / "trace.json.gz"), folder) == folder / "trace.json.gz"


def test_a_whole_name_is_no_beginning_of_another(tmp_path):
    folder = store(tmp_path / "reports", *(run_of(day) for day in range(1, 12)))
    assert find("run-1", folder).name == "run-1.json"


def test_a_copy_of_a_run_has_its_own_name(folder):
    (folder / "my base.json").write_bytes((folder / "20250301-shop.json").read_bytes())
    assert find("my base", folder) == find("my", folder) == folder / "my base.json"
    assert find("20250301", folder) == folder / "20250301-shop.json"


def test_a_folder_is_said_to_be_one(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    with pytest.raises(RunFileError, match=r"reports is a folder; name a run in it, or .* --index"):
        find("reports", folder)


def test_without_a_folder_the_latest_is_not_offered_in_its_own_place(tmp_path):
    with pytest.raises(RunFileError, match=r"there is no run in .*; make one with perfkit bench"):
        find("latest", tmp_path / "none")


def test_the_newest_is_that_of_the_last_moment_not_of_the_last_file(folder):
    write_run(run_of(1, requests=7), folder / "copied.json")
    assert latest(folder).name == "20250305-shop.json"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("202503", "5 runs in .* begin with '202503': 20250301-shop, 20250302-shop,"),
        ("trase", "no run of that name in .*reports. Did you mean 'trace'?"),
        ("lastest", "Did you mean 'latest'?"),
        ("x/y.json", "cannot read x/y.json: there is no such file.$"),
        ("", "6 runs in .* begin with ''"),
    ],
)
def test_what_is_not_there(folder, wanted, message):
    with pytest.raises(RunFileError, match=message):
        find(wanted, folder)


def test_many_of_the_same_beginning_are_cut(tmp_path):
    folder = store(tmp_path / "reports", *(run_of(day) for day in range(1, 12)))
    with pytest.raises(RunFileError, match=r"11 runs in .* and 5 more$"):
        find("run", folder)


def test_a_damaged_run_can_be_named(folder):
    (folder / "broken.json").write_text("{")
    assert find("broken", folder).name == "broken.json"


def test_the_run_before_measured_the_same_on_the_same_clock(folder):
    assert previous(folder / "20250302-shop.json", folder) == folder / "20250301-shop.json"
    for name in ("20250301-shop.json", "20250303-wall.json", "20250304-till.json", "trace.json.gz"):
        with pytest.raises(NothingToCompareError, match=f"before {name} measured the same"):
            previous(folder / name, folder)


def test_a_run_elsewhere_has_no_run_before_it(folder, tmp_path):
    for place in (tmp_path / "20250302-shop.json", tmp_path / "other.json"):
        write_run(run_of(2), place)
        with pytest.raises(RunFileError, match="is not a run in"):
            previous(place, folder)


@pytest.mark.parametrize("wanted", ["latest", "previous", "run-1"])
def test_no_folder(tmp_path, wanted):
    with pytest.raises(RunFileError, match="there is no"):
        find(wanted, tmp_path / "nowhere")
