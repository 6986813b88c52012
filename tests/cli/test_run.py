import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from perfkit.model import unpack
from perfkit.model.storage import read_run

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
    (path,) = (project / "reports").glob("*.json*")
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
    (span,) = recorded(project)[1].spans
    assert (span.name, span.error) == ("long", "KeyboardInterrupt")


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
