"""What ends a simulation of threads, and what is said then. Each script is a process of its own."""

import asyncio

import pytest

from perfkit.errors import SimulationError, UsageError
from perfkit.sim import run_sync
from tests.sim.greenlets.support import script

PREPARED = """
import time, threading
from perfkit.sim import prepare, run_sync
prepare()
"""


def prepared(text):
    return script(PREPARED + text)


def last_line(text):
    return text.splitlines()[-1]


def test_a_process_that_is_not_prepared_is_told_how():
    with pytest.raises(SimulationError, match=r"start a process of its own .*prepare\(\)"):
        run_sync(print)


def test_coroutine_functions_are_for_run():
    async def main():
        await asyncio.sleep(0)

    with pytest.raises(UsageError, match="takes async ones"):
        run_sync(main)


def test_prepare_comes_before_libraries_that_keep_real_threads():
    code, _, err = script("import requests\nfrom perfkit.sim import prepare\nprepare()")
    assert code == 1
    assert "prepare() comes too late" in last_line(err)
    assert "requests" in last_line(err)


def test_prepare_comes_before_gevents_own_hub():
    code, _, err = script("import gevent\ngevent.sleep(0)\nfrom perfkit.sim import prepare\nprepare()")
    assert code == 1
    assert "gevent is at work in this process already" in last_line(err)


def test_prepare_twice_is_once_and_locusts_patches_do_nothing():
    text = "prepare()\nfrom gevent import monkey\nmonkey.patch_all()\nprint(run_sync(lambda: time.sleep(5)))"
    assert prepared(text) == (0, "None", "")


def test_without_gevent_the_extra_is_named():
    text = "import sys\nsys.modules['gevent'] = None\nfrom perfkit.sim import prepare\nprepare()"
    code, _, err = script(text)
    assert code == 1
    assert "pip install 'perfkit[sim-sync]'" in last_line(err)


@pytest.mark.parametrize(
    "text",
    [
        "run_sync(lambda: run_sync(print))",
        "thread = threading.Thread(target=lambda: run_sync(print))\nthread.start()\nthread.join()",
    ],
)
def test_only_the_main_thread_starts_one(text):
    _, out, err = prepared(text)
    assert (out, "started from the main thread, outside of any other" in last_line(err)) == ("", True)


def test_an_async_simulation_may_follow():
    text = """
import asyncio
from perfkit.sim import run
run_sync(lambda: time.sleep(1))
async def main():
    await asyncio.sleep(2)
    time.sleep(3)
    return time.perf_counter()
print(run(main), run_sync(lambda: time.perf_counter()))
"""
    assert prepared(text) == (0, "5.0 0.0", "")


def test_a_result_and_an_error_of_main_are_the_callers():
    text = """
def fails():
    raise LookupError("mine")
print(run_sync(lambda: 5))
run_sync(fails)
"""
    code, out, err = prepared(text)
    assert (code, out, last_line(err)) == (1, "5", "LookupError: mine")


def test_a_deadlock_names_each_thread_and_line_past_any_except():
    text = """
lock, event = threading.Lock(), threading.Event()
def waits_for_lock():
    lock.acquire()
def main():
    lock.acquire()
    thread = threading.Thread(target=waits_for_lock, name="writer")
    thread.start()
    time.sleep(2)
    try:
        event.wait()
    except Exception as error:
        print("main was told", type(error).__name__)
from perfkit.errors import DeadlockError
try:
    run_sync(main)
except DeadlockError as error:
    print(error)
"""
    code, out, err = prepared(text)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "main was told DeadlockError"
    assert lines[1].startswith("deadlock at 2 s of virtual time: 2 threads wait and nothing is scheduled")
    assert lines[2:] == ["  MainThread: <string>:15 in main", "  writer: <string>:8 in waits_for_lock"]


def test_a_world_that_never_starts_is_a_deadlock_of_its_task():
    text = """
import asyncio
from contextlib import asynccontextmanager
@asynccontextmanager
async def world():
    await asyncio.Event().wait()
    yield
from perfkit.errors import DeadlockError
try:
    run_sync(print, world=world)
except DeadlockError as error:
    print("1 task waits" in str(error))
"""
    assert prepared(text) == (0, "True", "")


def test_a_timeout_thrown_into_a_sleep_leaves_no_alarm_behind():
    text = """
import gevent
def main():
    with gevent.Timeout(1, False):
        time.sleep(2)
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire(timeout=5), time.perf_counter()
print(run_sync(main))
"""
    assert prepared(text) == (0, "(False, 6.0)", "")


def test_the_limit_of_virtual_time_holds():
    text = """
from perfkit.errors import VirtualTimeoutError
def main():
    while True:
        try:
            time.sleep(1)
        except Exception:
            pass
try:
    run_sync(main, limit_ns=10 * 10**9)
except VirtualTimeoutError as error:
    print(error)
print(run_sync(lambda: time.perf_counter()))
"""
    code, out, err = prepared(text)
    assert (code, err) == (0, "")
    assert out.splitlines()[0].startswith("not done by 10 s of virtual time")
    assert out.splitlines()[1] == "0.0"


def test_a_world_that_does_not_start_is_the_error():
    text = """
from contextlib import asynccontextmanager
@asynccontextmanager
async def world():
    raise OSError("no such world")
    yield
run_sync(print, world=world)
"""
    code, _, err = prepared(text)
    assert (code, last_line(err)) == (1, "OSError: no such world")


def test_a_server_that_blocks_holds_itself_up_and_nobody_else():
    text = """
import asyncio, socket
from contextlib import asynccontextmanager
class Slow(asyncio.Protocol):
    def connection_made(self, transport):
        time.sleep(3)
        transport.write(b"done")
@asynccontextmanager
async def world():
    server = await asyncio.get_running_loop().create_server(Slow, "slow.example", 1)
    yield
    server.close()
def main(_):
    ticks = []
    def tick():
        for _ in range(4):
            time.sleep(1)
            ticks.append(time.perf_counter())
    thread = threading.Thread(target=tick)
    thread.start()
    with socket.create_connection(("slow.example", 1)) as sock:
        print(sock.recv(10), time.perf_counter())
    thread.join()
    return ticks
print(run_sync(main, world=world))
"""
    assert prepared(text) == (0, "b'done' 3.0\n[1.0, 2.0, 3.0, 4.0]", "")


def test_a_pool_is_as_good_in_a_second_simulation():
    text = """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(3)
def main():
    list(pool.map(time.sleep, [1, 1, 1]))
    return time.perf_counter()
print([run_sync(main) for _ in range(3)])
"""
    assert prepared(text) == (0, "[1.0, 1.0, 1.0]", "")


def test_threads_left_behind_stop_where_they_are():
    text = """
def main():
    threading.Thread(target=lambda: (time.sleep(5), print("never"))).start()
    return "left"
print(run_sync(main), run_sync(lambda: time.sleep(100)))
"""
    assert prepared(text) == (0, "left None", "")


def test_ctrl_c_ends_it():
    text = """
import signal
def main():
    for i in range(10**9):
        time.sleep(1)
        if i == 1000:
            signal.raise_signal(signal.SIGINT)
run_sync(main)
"""
    code, _, err = prepared(text)
    assert code == -2
    assert last_line(err) == "KeyboardInterrupt"


def test_ctrl_c_ends_it_in_a_thread_too():
    text = """
import signal
def work():
    time.sleep(1)
    signal.raise_signal(signal.SIGINT)
    time.sleep(1)
def main():
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    print("went on")
run_sync(main)
"""
    code, out, err = prepared(text)
    assert (code, out, last_line(err)) == (-2, "", "KeyboardInterrupt")


def test_debug_mode_of_asyncio_minds_nothing():
    text = """
import os
def main():
    time.sleep(1)
    return time.perf_counter()
print(run_sync(main))
"""
    assert prepared("import asyncio\nasyncio.events._DEBUG = True\n" + text)[1] == "1.0"


def test_threads_that_modules_start_when_they_are_imported_run_at_once():
    text = """
seen = []
thread = threading.Thread(target=seen.append, args=["imported"])
thread.start()
thread.join()
def main():
    time.sleep(1)
    return time.perf_counter()
print(seen, run_sync(main))
"""
    assert prepared(text) == (0, "['imported'] 1.0", "")


def test_what_a_thread_was_waiting_for_outside_is_not_lost():
    text = """
import queue
jobs, done = queue.Queue(), queue.Queue()
def work():
    while True:
        done.put(jobs.get() * 2)
threading.Thread(target=work, daemon=True).start()
def main():
    jobs.put(21)
    return done.get()
print(run_sync(main), run_sync(main))
"""
    assert prepared(text) == (0, "42 42", "")


def test_the_errors_of_threads_are_printed_and_end_nothing_else():
    text = """
def main():
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    time.sleep(1)
    return time.perf_counter()
print(run_sync(main))
"""
    code, out, err = prepared(text)
    assert (code, out) == (0, "1.0")
    assert "ZeroDivisionError" in err
