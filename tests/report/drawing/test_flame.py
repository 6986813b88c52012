"""Flame graphs as SVG: well formed, escaped, small, told apart without colour."""

from xml.etree import ElementTree as ET

from perfkit.model import Frame
from perfkit.model.profile import AWAITING, CallTree, Profile
from perfkit.report.drawing.flame import ROW, flame
from perfkit.report.view import flame as view


def drawn(frames, application, parent, frame, value):
    shown = view.flame(Profile("cpu", tree=CallTree(frames, application, parent, frame, value)))
    return flame(shown, "f1")


def three():
    frames = [Frame("app.py", 9, "main"), Frame("json", 0, "loads"), AWAITING]
    return drawn(frames, [True, False, False], [-1, 0, 0], [0, 1, 2], [10, 50, 40])


def test_each_frame_is_a_drawing_that_clips_its_label():
    root = ET.fromstring(three())
    places = [(f.get("x"), f.get("y"), f.get("width")) for f in root.findall("svg")]
    assert places == [("0%", "0", "100%"), ("0%", str(ROW), "50%"), ("50%", str(ROW), "40%")]
    assert root.get("role") == "img"
    assert "by caller" in root.get("aria-label")
    titles = [title.text for title in root.iter("title")]
    assert titles == [
        "main\napp.py:9\n100 ns, 100.0 %, 10 ns of it its own",
        "loads\njson\n50 ns, 50.0 %",
        "[await]\n40 ns, 40.0 %",
    ]
    assert [text.text for text in root.iter("text")] == ["main app.py:9", "loads json", "[await]"]


def test_kinds_differ_by_more_than_colour():
    root = ET.fromstring(three())
    own, library, awaiting = (frame.find("rect") for frame in root.findall("svg"))
    assert own.get("fill-opacity") is None
    assert own.get("stroke") is None
    assert float(library.get("fill-opacity")) < 0.5
    assert library.get("stroke")
    assert awaiting.get("fill") == "url(#f1-wait)"
    assert "style=" not in three()


def test_labels_are_cut_to_their_frame_and_narrow_ones_have_none():
    frames = [Frame("application/very/long/path.py", 9, "a_long_function_name"), Frame("b", 1, "short")]
    root = ET.fromstring(drawn(frames, [True] * 2, [-1, -1, -1], [0, 0, 1], [890, 100, 10]))
    wide, cut, narrow = ([t.text for t in f.iter("text")] for f in root.findall("svg"))
    assert wide == ["a_long_function_name application/very/long/path.py:9"]
    assert cut[0].endswith("…")
    assert len(cut[0]) < 20
    assert narrow == []


def test_hostile_names_are_text():
    text = '</svg></script><img src=x onerror=alert(1)>"' + "q" * 10_000
    made = drawn([Frame(text, 1, text)], [True], [-1], [0], [1])
    root = ET.fromstring(made)
    assert len(list(root.iter())) == 5
    assert len(made) < 2_000


def test_a_large_profile_stays_small():
    count = 5_000
    frames = [Frame(f"package.subpackage.module_{n}", 0, f"some_function_{n}") for n in range(100)]
    made = drawn(
        frames,
        [False] * 100,
        [(n - 1) // 3 for n in range(count)],
        [n % 100 for n in range(count)],
        [7] * count,
    )
    assert 10_000 < len(made) < 60_000
