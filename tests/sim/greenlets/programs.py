"""Programs with blocking clients and threads, in a process of their own. Prints the answer of each as JSON.

python -m tests.sim.greenlets.programs [NAME ...]
"""

# ruff: noqa: E402 (prepare comes before other imports)
from perfkit.sim import prepare, run_sync

prepare()

import asyncio
import hashlib
import http.client
import json
import queue
import random
import select
import socket
import sqlite3
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import gevent
import redis
import requests
import urllib3

import perfkit
from perfkit.errors import SimulationError
from perfkit.sim import sync_sockets
from tests.sim.greenlets.server import HOST, MS, network, serve

PROGRAMS = {}
SHARED = requests.Session()
# The defaults name versions and the codecs installed, and on a slow link every byte counts.
HEADERS = {"User-Agent": "programs", "Accept-Encoding": "identity"}
SLOW = ("large_bodies_take_their_bandwidth", "a_trace_with_chance_in_it")


def program(function):
    PROGRAMS[function.__name__] = function
    return function


def took(function, *arguments):
    """Nanoseconds and what it returned or raised."""
    before = time.perf_counter_ns()
    try:
        answer = function(*arguments)
    except Exception as error:
        answer = type(error).__name__
    return [time.perf_counter_ns() - before, answer]


# Clients


@program
def requests_serial(url):
    def work():
        with requests.Session() as session:
            return [session.get(f"{url}{i}").text for i in range(200)] == [f"/{i}" for i in range(200)]

    return took(work)


@program
def requests_in_ten_threads(url):
    def work():
        with requests.Session() as session, ThreadPoolExecutor(10) as pool:
            return list(pool.map(lambda i: session.get(f"{url}{i}").text, range(200)))[-1]

    return took(work)


@program
def requests_without_a_session(url):
    return took(lambda: [requests.get(url).text for _ in range(3)])


@program
def requests_over_https(url):
    secure = url.replace("http", "https")

    def work():
        with requests.Session() as session:
            return [session.get(f"{secure}{i}").text for i in range(3)]

    return took(work)


@program
def requests_timeouts(url):
    return {
        "connect": took(lambda: requests.get(url, timeout=0.015)),
        "read": took(lambda: requests.get(url, timeout=0.03)),
        "none": took(lambda: requests.get(url, timeout=0.05).text),
    }


@program
def requests_refused_and_unknown(url):
    return [took(requests.get, f"http://{HOST}:9/"), took(requests.get, "http://nowhere.example/")]


@program
def a_connection_that_the_server_closed_is_not_used_again(url):
    with requests.Session() as session:
        first = took(lambda: session.get(f"http://{HOST}:81/").text)
        time.sleep(1)
        return [first, took(lambda: session.get(f"http://{HOST}:81/").text)]


@program
def a_session_of_an_earlier_simulation_connects_anew(url):
    return took(lambda: SHARED.get(url).text)


@program
def urllib3_pool(url):
    with urllib3.PoolManager() as pool:
        return took(lambda: [pool.request("GET", url).data.decode() for _ in range(3)])


@program
def http_client(url):
    def work():
        connection = http.client.HTTPConnection(HOST)
        answers = []
        for i in range(3):
            connection.request("POST", "/", body=str(i))
            answers.append(connection.getresponse().read().decode())
        connection.close()
        return answers

    return took(work)


@program
def urllib_request(url):
    return took(lambda: urllib.request.urlopen(url).read().decode())


@program
def redis_client(url):
    client = redis.Redis(HOST, protocol=2, driver_info=None, maint_notifications_config=None)

    def pipelined():
        with client.pipeline(transaction=False) as pipeline:
            for i in range(10):
                pipeline.set(f"key{i}", i)
            return pipeline.execute()

    return [took(client.ping), took(lambda: [client.set("key", i) for i in range(10)]), took(pipelined)]


@program
def large_bodies_take_their_bandwidth(url):
    def work():
        with socket.create_connection((HOST, 80)) as sock:
            sock.sendall(b"GET /bytes/1000000 HTTP/1.1\r\n\r\n")
            read = 0
            while read < 1_000_044:
                read += len(sock.recv(10_000))
            return read

    return took(work)


# Sockets


@program
def a_plain_socket(url):
    with socket.create_connection((HOST, 80)) as sock:
        start = time.perf_counter_ns()
        sock.sendall(b"GET /it HTTP/1.1\r\n\r\n")
        before = select.select([sock], [sock], [], 0)
        sock.settimeout(0.01)
        late = took(sock.recv, 10)
        sock.setblocking(False)
        never = took(sock.recv, 10)
        sock.settimeout(None)
        ready = select.select([sock], [], [])
        when = time.perf_counter_ns() - start
        peeked = sock.recv(4, socket.MSG_PEEK).decode()
        read = sock.makefile("rb").readline().decode()
        peer, fd = sock.getpeername(), sock.fileno()
    return {
        "before": [len(part) for part in before],
        "late": late,
        "never": never,
        "ready": len(ready[0]),
        "when": when,
        "peeked": peeked,
        "read": read,
        "port": peer[1],
        "fd": fd > 2,
        "closed": sock.fileno(),
        "after": took(sock.recv, 1)[1],
    }


@program
def poll_waits_until_there_is_something(url):
    sock = socket.create_connection((HOST, 80))
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    start = time.perf_counter_ns()
    empty = poller.poll(5)
    timed_out = time.perf_counter_ns() - start
    sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
    ready = poller.poll()
    sock.close()
    return [len(empty), timed_out, ready[0][1] == select.POLLIN, time.perf_counter_ns() - start]


@program
def what_is_no_internet_socket_is_real(url):
    near, far = socket.socketpair()
    near.sendall(b"real")
    answer = far.recv(10).decode()
    near.close()
    far.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        kinds = [type(datagrams) is sync_sockets.RealSocket, isinstance(datagrams, socket.socket)]
    return [answer, *kinds]


# Threads


@program
def a_queue_and_four_threads(url):
    jobs, lock, done = queue.Queue(), threading.Lock(), []

    def work():
        while (job := jobs.get()) is not None:
            time.sleep(0.1)
            with lock:
                done.append(job)

    def all_of_it():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for job in [*range(40), *[None] * 4]:
            jobs.put(job)
        for thread in threads:
            thread.join()
        return done == list(range(40))

    return took(all_of_it)


@program
def a_semaphore_of_two(url):
    free = threading.Semaphore(2)

    def work(_):
        with free:
            time.sleep(0.5)

    def all_of_it():
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(work, range(6)))

    return took(all_of_it)


@program
def events_and_timeouts(url):
    event = threading.Event()
    threading.Timer(0.3, event.set).start()
    return [
        took(event.wait, 0.1),
        took(event.wait, 0.4),
        took(lambda: took(queue.Queue().get, True, 0.25)[1]),
    ]


@program
def thread_locals_are_each_threads_own(url):
    local = threading.local()

    def work(i):
        local.value = i
        time.sleep(0.1)
        return local.value

    with ThreadPoolExecutor(3) as pool:
        return list(pool.map(work, range(3)))


@program
def main_is_in_the_main_thread(url):
    return [threading.current_thread() is threading.main_thread(), threading.current_thread().name]


@program
def gevents_own_tools(url):
    def late():
        gevent.sleep(0.2)
        return "late"

    job = gevent.spawn_later(0.1, late)
    with gevent.Timeout(0.25, False):
        job.get()
    gave_up = time.perf_counter_ns()
    job.join()
    signal = gevent.get_hub().loop.async_()
    heard = threading.Event()
    signal.start(heard.set)
    gevent.spawn_later(0.5, signal.send)
    beats, timer = [], gevent.get_hub().loop.timer(0.1, 0.2)
    timer.start(lambda: beats.append(time.perf_counter_ns()))
    heard.wait()
    timer.close()
    signal.close()
    return [gave_up, job.value, beats, time.perf_counter_ns()]


@program
def sqlite_with_a_modelled_link(url):
    def work():
        database = sqlite3.connect(":memory:")
        for i in range(100):
            time.sleep(0.005)
            database.execute("select ?", [i]).fetchall()
        database.close()

    return took(work)


# Refused


@program
def asyncio_run_is_refused(url):
    async def nothing():
        return None

    coroutine = nothing()
    try:
        asyncio.run(coroutine)
    except SimulationError as error:
        return str(error)
    finally:
        coroutine.close()


@program
def real_threads_are_refused(url):
    try:
        gevent.get_hub().threadpool.apply(print)
    except SimulationError as error:
        return str(error)


@program
def real_descriptors_in_the_hub_are_refused(url):
    try:
        gevent.get_hub().loop.io(0, 1)
    except SimulationError as error:
        return str(error)


# Recordings


@program
def a_recording(url):
    with perfkit.record() as recording:
        with requests.Session() as session:
            for i in range(5):
                assert session.get(f"{url}{i}").ok
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda i: requests.get(f"{url}x/{i}").content, range(6)))
    spans = recording.trace.spans
    return {
        "requests": [
            [span.start_ns, span.end_ns, span.thread, span.path[0].function]
            for span in spans
            if span.kind == "request"
        ],
        "connects": [span.duration_ns for span in spans if span.kind == "connect"],
        "findings": [[f.rule, f.count, f.site.function, f.spent_ns] for f in recording.findings()],
    }


@program
def library_functions_in_a_pool(url):
    def one(pool, i):
        return pool.submit(requests.get, f"{url}{i}")

    def other(pool, i):
        return pool.submit(requests.get, f"{url}{i}")

    with perfkit.record() as recording, ThreadPoolExecutor(2) as pool:
        for job in [one(pool, 1), other(pool, 2), one(pool, 3)]:
            job.result()
    return [span.path[0].function.rpartition(".")[2] for span in recording.trace.of_kind("request")]


@program
def a_trace_with_chance_in_it(url):
    def caller(i):
        rng = random.Random(i)
        time.sleep(rng.random())
        try:
            return len(
                requests.get(f"{url}bytes/{rng.randrange(90_000)}", timeout=0.045, headers=HEADERS).content
            )
        except requests.Timeout as error:
            return type(error).__name__

    with perfkit.record() as recording, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(caller, range(60)))
    spans = [
        (span.kind, span.name, span.start_ns, span.end_ns, span.thread, span.parent, span.error)
        for span in recording.trace.spans
    ]
    text = repr((answers, spans)).encode()
    return [len(spans), len(set(map(str, answers))), hashlib.sha256(text).hexdigest()]


def main(names):
    answers = {}
    for name in names or PROGRAMS:
        net = network(1_000_000 if name in SLOW else None)
        answers[name] = run_sync(PROGRAMS[name], network=net, world=serve, limit_ns=10**6 * MS)
    return answers


if __name__ == "__main__":
    run_sync(lambda url: SHARED.get(url).text, network=network(), world=serve)
    print(json.dumps(main(sys.argv[1:])))  # noqa: T201
