"""Greenlets have contexts of their own, and stacks: SQLAlchemy's bridge to asyncio, gevent, and raw ones."""

import asyncio
import subprocess
import sys
import textwrap

import pytest

from perfkit.tracing import Recording, enter, leave, span

from .test_async import tree

greenlet = pytest.importorskip("greenlet")


def test_a_raw_greenlet_lies_below_who_switched_to_it():
    def work(name):
        with span(name):
            greenlet.getcurrent().parent.switch()
        with span(f"{name} again"):
            pass

    with Recording() as recording:
        with span("root"):
            first = greenlet.greenlet(work)
            first.switch("first")
            with span("main"):
                second = greenlet.greenlet(work)
                second.switch("second")
            first.switch()
        second.switch()
    assert tree(recording) == [
        ("root", None),
        ("first", "root"),
        ("main", "root"),
        ("second", "main"),
        ("first again", "root"),
        ("second again", None),
    ]


def test_greenlets_within_greenlets():
    def outer():
        with span("outer"):
            greenlet.greenlet(inner).switch()
        with span("after"):
            pass

    def inner():
        with span("inner"):
            pass

    with Recording() as recording, span("root"):
        greenlet.greenlet(outer).switch()
    assert tree(recording) == [("root", None), ("outer", "root"), ("inner", "outer"), ("after", "root")]


def test_outside_of_a_recording_a_greenlet_records_nothing():
    with Recording() as recording:
        pass
    with Recording() as other:
        other.__exit__(None, None, None)
        greenlet.greenlet(lambda: span("nowhere").__enter__()).switch()
    assert recording.trace.spans == other.trace.spans == []


def test_a_greenlets_operations_have_the_whole_call_path():
    def work():
        leave(enter("query", "q", {}, sys._getframe()))

    def main():
        greenlet.greenlet(work).switch()

    with Recording() as recording:
        main()
    (found,) = recording.trace.spans
    functions = [frame.function.rpartition(".")[2] for frame in found.path]
    assert functions[:3] == ["work", "main", "test_a_greenlets_operations_have_the_whole_call_path"]


def test_sqlalchemys_bridge():
    concurrency = pytest.importorskip("sqlalchemy.util.concurrency")

    def session_flush():
        with span("flush"):
            for name in ("first", "second"):
                query = enter("query", name, {}, sys._getframe())
                concurrency.await_only(driver())
                leave(query)

    async def driver():
        with span("driver"):
            await asyncio.sleep(0)

    async def request(name):
        with span(name):
            await concurrency.greenlet_spawn(session_flush)

    async def main():
        await asyncio.gather(request("a"), request("b"))

    with Recording() as recording:
        asyncio.run(main())
    spans = {s.id: s for s in recording.trace.spans}

    def above(s):
        return [] if s.parent is None else [spans[s.parent].name, *above(spans[s.parent])]

    drivers = [s for s in spans.values() if s.name == "driver"]
    assert sorted(above(s) for s in drivers) == [
        [name, "flush", request] for name in ("first", "second") for request in ("a", "b")
    ]
    for query in (s for s in spans.values() if s.kind == "query"):
        assert [frame.function.rpartition(".")[2] for frame in query.path] == ["session_flush", "request"]
    assert {s.task for s in drivers} == {s.task for s in spans.values() if s.name in ("a", "b")}


def run_gevent(body):
    """In a process of its own: what gevent patches stays patched."""
    code = "from perfkit.tracing import Recording, span\nimport gevent\n" + textwrap.dedent(body)
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""
    return answer.stdout


def test_gevents_greenlets():
    pytest.importorskip("gevent")
    assert run_gevent("""
        from gevent.pool import Pool

        def work(name):
            with span(name):
                gevent.sleep(0.001)
                with span(f"{name} inside"):
                    pass

        with Recording() as recording:
            with span("root"):
                gevent.joinall([gevent.spawn(work, "a"), gevent.spawn(work, "b")])
                with span("pool"):
                    Pool(2).map(work, ["c", "d"])
            gevent.spawn_later(0.001, work, "e").join()
        names = {s.id: s.name for s in recording.trace.spans}
        for s in recording.trace.spans:
            print(f"{s.name}<{names.get(s.parent, '')}", end=" ")
    """).split() == [
        *("root<", "a<root", "b<root", "a", "inside<a", "b", "inside<b"),
        *("pool<root", "c<pool", "d<pool", "c", "inside<c", "d", "inside<d"),
        *("e<", "e", "inside<e"),
    ]


@pytest.mark.parametrize("patched_first", [True, False])
def test_gevents_monkey_patching(patched_first):
    pytest.importorskip("gevent")
    patch = "from gevent import monkey\nmonkey.patch_all()\n"
    body = textwrap.dedent("""
        import threading, time
        from concurrent.futures import ThreadPoolExecutor

        def work(name):
            with span(name):
                time.sleep(0.001)
                with span(f"{name}-inside"):
                    pass

        with Recording() as recording:
            with span("root"):
                threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
                for thread in threads: thread.start()
                for thread in threads: thread.join()
                with ThreadPoolExecutor(1) as pool:
                    pool.submit(work, "c").result()
                    with span("second"):
                        list(pool.map(work, ["d"]))
        names = {s.id: s.name for s in recording.trace.spans}
        print(sorted(f"{s.name}<{names.get(s.parent, '')}" for s in recording.trace.spans))
    """)
    code = (patch + "import perfkit\n" if patched_first else "import perfkit\n" + patch) + (
        "from perfkit.tracing import Recording, span\n" + body
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert answer.stderr == ""
    below_root = [f"{name}<root" for name in "abc"]
    inside = [f"{name}-inside<{name}" for name in "abcd"]
    assert eval(answer.stdout) == sorted(["root<", *below_root, "second<root", "d<second", *inside])
