import json
import os
import sys

from perfkit.tracing import callpath


def capture():
    return callpath.capture(sys._getframe(1))


def test_only_the_applications_frames_are_there():
    class Seen(json.JSONEncoder):
        def default(self, o):
            self.path = capture()
            return

    encoder = Seen()
    encoder.encode({"x": object()})
    files = {frame.file for frame in encoder.path}
    assert encoder.path[0].function.endswith("Seen.default")
    assert encoder.path[1].function == "test_only_the_applications_frames_are_there"
    assert not any("json" in file or "site-packages" in file for file in files)


def test_paths_are_shared():
    first, second = (capture() for _ in range(2))
    assert first is second


def test_deep_recursion_is_cut_at_the_outer_end():
    def dive(depth):
        return dive(depth - 1) if depth else capture()

    path = dive(500)
    assert len(path) == callpath.MAX_APPLICATION_FRAMES
    assert path[0].function.endswith("dive")


def test_generated_code_has_no_frame():
    code = compile("found = capture()", "<generated>", "exec")
    space = {"capture": capture}
    exec(code, space)
    assert space["found"][0].function == "test_generated_code_has_no_frame"


def test_files_elsewhere_keep_their_path(tmp_path):
    file = tmp_path / "elsewhere.py"
    file.write_text("def run(capture):\n    return capture()\n")
    space = {}
    exec(compile(file.read_text(), str(file), "exec"), space)
    assert space["run"](capture)[0].file == os.path.realpath(file)


def test_forget_learns_anew(tmp_path, monkeypatch):
    callpath.forget()
    monkeypatch.chdir(os.path.dirname(__file__))
    assert capture()[0].file == "test_callpath.py"
    monkeypatch.undo()
    callpath.forget()
    assert capture()[0].file == "tests/tracing/test_callpath.py"


def test_comprehensions_have_no_frame_on_any_python():
    outer = capture()[1:]
    (listed,) = [
        capture()
        for _ in range(1)
    ]  # fmt: skip
    ((nested,),) = [[capture() for _ in range(1)] for _ in range(1)]
    path = {n: capture() for n in range(1)}[0]
    for found in (listed, nested, path):
        assert found[0].function == "test_comprehensions_have_no_frame_on_any_python"
        assert found[1:] == outer
    assert nested[0].line == listed[0].line + 3  # its own line, and not where the comprehension begins
    assert path[0].line == nested[0].line + 1


def test_a_generator_has_its_frame():
    (found,) = (capture() for _ in range(1))
    assert found[0].function.endswith("<genexpr>")
