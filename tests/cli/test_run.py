import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from perfkit.model import Outcome, unpack
from perfkit.model.storage import read_run
from perfkit.report.view.bound_by import of_trace
from perfkit.report.view.page import page

PROGRAM = """
import asyncio, sys, threading
from aiohttp import ClientSession, web
import perfkit

async def main():
    async def order(request):
        return web.Response(text=request.match_info["id"])
    app = web.Application()
    app.router.add_get("/orders/{id}", order)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with ClientSession() as session:
        for number in range(6):
            await session.get(f"http://127.0.0.1:{runner.addresses[0][1]}/orders/{number}")
    await runner.cleanup()

asyncio.run(main())
with perfkit.span("mine"):
    pass
thread = threading.Thread(target=lambda: perfkit.span("in a thread").__enter__().__exit__(None, None, None))
thread.start()
thread.join()
print("out", *sys.argv[1:])
print("err", file=sys.stderr)
print(sys.stdin.read())
"""


@pytest.fixture
def program(project):
    def write(text, name="program.py"):
        (project / name).write_text(textwrap.dedent(text))
        return name

    return write


def recorded(project):
    (path,) = (project / "reports").glob("2*.json*")
    run = read_run(path)
    return run, unpack(run.trace)


def test_the_program_is_untouched_and_its_loop_found(perfkit, project, program):
    done = perfkit("run", program(PROGRAM), "--size", "5", "-x", input="stdin text", check=0)
    assert done.stdout == "out --size 5 -x\nstdin text\n"
    assert "err\n" in done.stderr
    assert "PK102" in done.stderr
    run, trace = recorded(project)
    assert run.kind == "trace"
    assert run.clock == "wall"
    (finding,) = run.findings
    assert (finding.count, finding.site.file, finding.site.function) == (6, "program.py", "main")
    assert {"mine", "in a thread"} <= {span.name for span in trace.spans}
    assert len({span.thread for span in trace.spans}) == 2


def test_the_programs_arguments_are_not_stored(perfkit, project, program):
    perfkit("run", program("pass"), "--password", "s3cr3t", check=0)
    run, _ = recorded(project)
    assert run.command == ["perfkit", "run", "program.py", "(and 2 arguments)"]
    (page,) = (project / "reports").glob("2*.html")
    assert "s3cr3t" not in page.read_text()


@pytest.mark.parametrize("code", [0, 3, 120])
def test_exit_codes_pass_through(perfkit, program, code):
    perfkit("run", program(f"import sys; sys.exit({code})"), check=code)


def test_an_exception_keeps_the_recording(perfkit, project, program):
    name = program("import perfkit\nwith perfkit.span('before'):\n    raise ValueError('boom')\n")
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "run", name], cwd=project, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "ValueError: boom" in done.stderr
    (span,) = recorded(project)[1].spans
    assert (span.name, span.error) == ("before", "ValueError")


def test_modules_and_commands(perfkit, project, program):
    program("import sys; print('module', sys.argv[1:])", "mod.py")
    assert perfkit("run", "-m", "mod", "-v", "x", check=0).stdout == "module ['-v', 'x']\n"
    done = perfkit("run", "--", sys.executable, "-c", "print('command')", check=0)
    assert done.stdout == "command\n"
    assert "nothing was recorded" in perfkit("run", "--", "true", check=0).stderr


def test_python_children_are_recorded_too(perfkit, project, program):
    program("import perfkit\nwith perfkit.span('child'):\n    pass\n", "child.py")
    name = program(
        "import subprocess, sys, perfkit\n"
        "with perfkit.span('parent'):\n"
        "    subprocess.run([sys.executable, 'child.py'], check=True)\n"
    )
    perfkit("run", name, check=0)
    trace = recorded(project)[1]
    parent, child = sorted(trace.spans, key=lambda span: span.start_ns)
    assert (parent.name, child.name) == ("parent", "child")
    assert parent.end_ns > child.end_ns
    assert parent.thread != child.thread


def test_the_environments_own_sitecustomize_still_runs(perfkit, project, program):
    own = project / "own"
    own.mkdir()
    (own / "sitecustomize.py").write_text(
        "import os\nif 'PERFKIT_RECORD_TO' in os.environ:\n    print('own sitecustomize')"
    )
    done = perfkit("run", program("print('program')"), env={"PYTHONPATH": str(own)}, check=0)
    assert done.stdout == "own sitecustomize\nprogram\n"


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_is_the_programs_and_keeps_the_recording(project, program):
    name = program(
        """
        import time, perfkit
        with perfkit.span("long"):
            print("ready", flush=True)
            time.sleep(60)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "perfkit", "run", name],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert err.count("KeyboardInterrupt") == 1
    spans = recorded(project)[1].spans
    assert [(s.name, s.error) for s in spans if s.kind == "span"] == [("long", "KeyboardInterrupt")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a SCRIPT"),
        (["nowhere.py"], "there is no script 'nowhere.py'"),
        (["--", "no-such-command"], "cannot run no-such-command"),
    ],
)
def test_bad_targets_are_named(perfkit, arguments, message):
    assert message in perfkit("run", *arguments, check=2).stderr


def test_a_glued_module_keeps_its_own_options(perfkit):
    done = perfkit("run", "-mjson.tool", "--help", check=0)
    assert "json" in done.stdout
    assert "Trace a Python program" not in done.stdout


def test_any_attribute_keeps_the_recording(perfkit, project, program):
    name = program(
        """
        from pathlib import Path
        import perfkit
        with perfkit.span("x", p=Path("/a"), s="\\udcff", n=1):
            pass
        """
    )
    done = perfkit("run", name, check=0)
    assert "atexit" not in done.stderr
    (span,) = recorded(project)[1].spans
    assert span.attrs == {"p": "PosixPath('/a')", "s": "?", "n": 1}


@pytest.mark.skipif(os.name == "nt", reason="arguments are bytes on POSIX")
def test_undecodable_arguments_reach_the_program(project, program):
    name = program("import os, sys; print(os.fsencode(sys.argv[1])); sys.exit(3)")
    done = subprocess.run(
        [sys.executable, "-m", "perfkit", "run", name, b"\xff"], cwd=project, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (3, "b'\\xff'\n")
    assert "Traceback" not in done.stderr
    run, _ = recorded(project)
    assert run.command == ["perfkit", "run", "program.py", "(and 1 arguments)"]
    assert run.warnings == ["the program ended with exit code 3"]


def test_the_programs_exit_code_wins_over_a_failing_report(monkeypatch, capsys, project):
    from perfkit.cli import run as verb
    from perfkit.launcher import parent
    from perfkit.model import Trace

    def fail(run):
        raise RuntimeError("no show")

    monkeypatch.chdir(project)
    monkeypatch.setattr(verb, "_show", fail)
    monkeypatch.setattr(parent, "record_program", lambda *_, **__: parent.Recorded(3, Trace("wall", 0, 1), 1))
    assert verb.command.main(["--", "anything"], standalone_mode=False) == 3
    said = "perfkit: the recording could not be kept or shown: RuntimeError: no show\n"
    assert capsys.readouterr().err.endswith(said)
    assert list((project / "reports").glob("*.json"))


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_the_programs_exit_code_wins_when_nobody_reads_what_is_said(project, program):
    name = program("import perfkit, sys\nwith perfkit.span('s'):\n    sys.exit(3)")
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "perfkit", "run", name], cwd=project, stderr=writing)
    os.close(writing)
    assert done.returncode == 3


def names(project):
    return sorted(span.name for span in recorded(project)[1].of_kind("span"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_forks_are_recorded_each_by_itself(perfkit, project, program):
    name = program(
        """
        import os, sys, perfkit
        with perfkit.span("before"):
            pass
        for number in range(2):
            with perfkit.span("around"):
                process = os.fork()
                if not process:
                    with perfkit.span(f"fork {number}"):
                        pass
                    sys.exit(0)
                os.waitpid(process, 0)
        """
    )
    perfkit("run", name, check=0)
    assert names(project) == ["around", "around", "before", "fork 0", "fork 1"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_processes_of_multiprocessing_are_recorded(perfkit, project, program, method):
    import multiprocessing

    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} here")
    name = program(
        f"""
        import multiprocessing, perfkit
        from concurrent.futures import ProcessPoolExecutor

        def work(name):
            with perfkit.span(name):
                pass

        def nested(name):
            process = multiprocessing.get_context("{method}").Process(target=work, args=("grandchild",))
            process.start()
            process.join()
            work(name)

        if __name__ == "__main__":
            context = multiprocessing.get_context("{method}")
            work("parent")
            process = context.Process(target=nested, args=("child",))
            process.start()
            process.join()
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                list(pool.map(work, ["pool"]))
        """
    )
    perfkit("run", name, check=0)
    assert names(project) == ["child", "grandchild", "parent", "pool"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_workers_ended_by_their_pool_leave_what_they_did(perfkit, project, program):
    name = program(
        """
        import multiprocessing, perfkit

        def work(number):
            with perfkit.span(f"item {number}"):
                return number

        if __name__ == "__main__":
            with multiprocessing.get_context("fork").Pool(2) as pool:
                print(pool.map(work, range(4)))
        """
    )
    assert perfkit("run", name, check=0).stdout == "[0, 1, 2, 3]\n"
    assert names(project) == [f"item {number}" for number in range(4)]


def test_execv_keeps_the_recording_of_both(perfkit, project, program):
    program("import perfkit\nwith perfkit.span('after'):\n    pass", "after.py")
    name = program(
        "import os, sys, perfkit\n"
        "with perfkit.span('before'):\n"
        "    pass\n"
        "try:\n"
        "    os.execlp('there is no such program', 'x')\n"
        "except FileNotFoundError:\n"
        "    with perfkit.span('still here'):\n"
        "        pass\n"
        "os.execl(sys.executable, sys.executable, 'after.py')"
    )
    perfkit("run", name, check=0)
    run, trace = recorded(project)
    assert [span.name for span in trace.spans] == ["before", "still here", "after"]
    assert run.warnings == []


def test_os_exit_keeps_the_recording(perfkit, project, program):
    name = program("import os, perfkit\nwith perfkit.span('s'):\n    pass\nos._exit(4)")
    perfkit("run", name, check=4)
    assert names(project) == ["s"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")
def test_a_killed_program_leaves_all_but_its_last_second(perfkit, project, program):
    name = program(
        """
        import os, signal, time, perfkit
        with perfkit.span("early"):
            pass
        time.sleep(1.1)
        with perfkit.span("late"):
            pass
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    perfkit("run", name, check=137)
    run, trace = recorded(project)
    assert "early" in {span.name for span in trace.spans}
    assert any("was killed: its last second may be missing" in warning for warning in run.warnings)
    assert (run.interrupted, run.outcome) == (True, Outcome.INCONCLUSIVE)
    shown = page(run)
    assert shown.meaning.startswith("killed before its end (the program ended with exit code 137)")


@pytest.mark.parametrize("kind", ["cpu", "memory"])
def test_a_profile_is_kept_beside_the_recording(perfkit, project, program, kind):
    name = program(
        """
        import time

        def work():
            held = bytearray(30_000_000)
            until = time.perf_counter() + 0.2
            while time.perf_counter() < until:
                sum(range(100))
            return held

        work()
        raise SystemExit(3)
        """
    )
    done = perfkit("run", f"--{kind}", name, check=3)
    run, _ = recorded(project)
    (profile,) = run.profiles
    assert profile.kind == kind
    if kind == "memory":
        assert profile.peak_bytes >= 30_000_000
        assert profile.top[0].frame.function == "work"
    else:
        assert profile.tree.hottest(1)[0].frame.function == "work"
    assert f"{kind} profile: program".lower() in done.stderr.lower()
    assert any("profile" in warning for warning in run.warnings)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_process_that_outlives_the_program_leaves_no_folder(perfkit, project, program):
    os.mkfifo(project / "pipe")
    program(
        "import os; f = open('pipe', 'w'); f.write(os.environ['PERFKIT_RECORD_TO']); f.flush()", "late.py"
    )
    name = program(
        """
        import subprocess, sys
        nowhere = subprocess.DEVNULL
        subprocess.Popen([sys.executable, "late.py"], stdin=nowhere, stdout=nowhere, stderr=nowhere)
        """
    )
    perfkit("run", name, check=0)
    folder = (project / "pipe").read_text()
    assert folder
    assert not os.path.exists(folder)


def test_a_damaged_part_costs_neither_the_others_nor_the_exit_code(perfkit, project, program):
    name = program(
        """
        import os, pathlib, sys, perfkit
        pathlib.Path(os.environ["PERFKIT_RECORD_TO"], "77-1.part").write_bytes(b"{")
        with perfkit.span("kept"):
            sys.exit(3)
        """
    )
    perfkit("run", name, check=3)
    run, trace = recorded(project)
    assert [span.name for span in trace.spans] == ["kept"]
    assert run.warnings[0].startswith("what process 77 recorded cannot be read: ")


def test_the_program_does_not_see_our_folder_in_its_path(perfkit, program):
    name = program("import sys; print([place for place in sys.path if 'launcher' in place])")
    assert perfkit("run", name, check=0).stdout == "[]\n"


def test_sleeping_is_not_called_computing(perfkit, project, program):
    name = program(PROGRAM.replace('print("out"', 'import time; time.sleep(1)\nprint("out"'))
    perfkit("run", name, input="", check=0)
    bound = of_trace(recorded(project)[0])
    assert bound.computing_ns > 0
    assert bound.locks_ns > 500_000_000
    assert "% waiting on locks and the loop" in bound.sentence


def test_the_upright_line_is_the_programs_end(perfkit, project, program):
    perfkit("run", program(PROGRAM), input="", check=0)
    (report,) = (project / "reports").glob("2*.html")
    assert "The upright line is the program's end." in report.read_text().replace("&#39;", "'")


def test_two_profiles_at_once_are_refused(perfkit, project, program):
    done = perfkit("run", "--cpu", "--memory", program("print('never')"), check=2)
    assert (done.stdout, "once with each" in done.stderr) == ("", True)
