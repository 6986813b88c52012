import importlib.util
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).parents[2] / "benchmarks" / "memory_shapes.py"
COUNT = 20_000


@pytest.fixture(scope="module")
def shapes():
    spec = importlib.util.spec_from_file_location("memory_shapes", FILE)
    module = sys.modules["memory_shapes"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["memory_shapes"]


@pytest.fixture(scope="module")
def rows(shapes):
    pytest.importorskip("memray", reason="memray does not run on this system")
    return {shape: shapes.measure(shape, COUNT) for shape in shapes.SHAPES}


def test_slots_save_the_same_for_every_point(rows):
    plain, slotted = rows["list of plain objects"], rows["list of objects with slots"]
    # the object becomes one of 48 bytes; its coordinates, 24 bytes each, and its place in the list stay
    assert slotted.bytes_per_point == pytest.approx(48 + 2 * 24 + 8, rel=0.01)
    saved = {(3, 12): 32}.get(sys.version_info[:2], 40)
    assert plain.bytes_per_point - slotted.bytes_per_point == pytest.approx(saved, abs=0.5)


def test_a_generator_holds_one_point_at_a_time(rows):
    generated, slotted = rows["generator of objects with slots"], rows["list of objects with slots"]
    assert generated.profile.peak_bytes < 10_000
    assert slotted.profile.peak_bytes > 2_000_000
    assert generated.profile.allocations > 2.9 * COUNT


def test_getsizeof_sees_the_pointers_only(rows):
    plain, slotted = rows["list of plain objects"], rows["list of objects with slots"]
    assert plain.shallow_bytes == slotted.shallow_bytes
    assert plain.shallow_bytes < plain.profile.peak_bytes / 10


def test_the_sites_are_the_lines_that_make_the_points(rows):
    lines = FILE.read_text().splitlines()
    for shape in ("list of plain objects", "list of objects with slots", "list of tuples"):
        (site,) = [s for s in rows[shape].profile.top if s.bytes > rows[shape].profile.peak_bytes / 2]
        assert "for n in range(count)]" in lines[site.frame.line - 1]


def test_the_table_has_a_row_for_each_shape(shapes, rows):
    text = shapes.table(list(rows.values()))
    assert all(shape in text for shape in shapes.SHAPES)
    assert text.endswith(f"measured by {rows['list of tuples'].profile.tool}, 20,000 points")


def test_it_is_a_program(shapes, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["memory_shapes.py", "100"])
    shapes.main()
    assert "getsizeof" in capsys.readouterr().out
