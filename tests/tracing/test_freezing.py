import asyncio
import itertools
import threading
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.tracing import Clock, Recording, span, trace
from perfkit.tracing.freezing import UNFINISHED, freeze, nearest_kept
from perfkit.tracing.open_spans import Detour, OpenSpan


def ticking():
    return Clock("virtual", itertools.count(0, 10).__next__)


HOW = ("block", "call", "gather", "spawn", "generator", "executor")
TREES = st.recursive(
    st.tuples(st.sampled_from(HOW), st.just(())),
    lambda below: st.tuples(st.sampled_from(HOW), st.lists(below, max_size=4).map(tuple)),
    max_leaves=25,
)


class Program:
    """Runs a tree of (how, children): a span each, whose name says where it stands, "0.2.1"."""

    def __init__(self, tree):
        self.tree = tree
        self.spawned = []

    async def main(self):
        await self.run(self.tree, "0")
        while self.spawned:
            await self.spawned.pop()

    async def run(self, node, name):
        how, children = node
        if how == "call":
            await trace(name)(self.children)(children, name)
        elif how == "generator":
            async for child, at in self.numbers(children, name):
                await self.run(child, at)
        elif how == "executor":
            await asyncio.to_thread(asyncio.run, self.run(("block", children), name))
        else:
            with span(name):
                await self.children(children, name, how)

    async def children(self, children, name, how="block"):
        named = [(child, f"{name}.{n}") for n, child in enumerate(children)]
        if how == "gather":
            await asyncio.gather(*(self.run(*each) for each in named))
        elif how == "spawn":
            self.spawned += [asyncio.create_task(self.run(*each)) for each in named]
        else:
            for each in named:
                await self.run(*each)
                await asyncio.sleep(0)

    async def numbers(self, children, name):
        """What is yielded runs in the consumer: beside this span, not below it."""
        with span(name):
            for n, child in enumerate(children):
                yield child, f"{name}.{n}"


def without_spawning_in_threads(node, inside=False):
    how, children = node
    how = "block" if inside and how == "spawn" else how
    return how, tuple(without_spawning_in_threads(c, inside or how == "executor") for c in children)


def ancestors(name, hows):
    """The spans that a span is to lie below, the innermost first: all of whose bodies it runs in."""
    above = name.rpartition(".")[0]
    while above:
        if hows[above] != "generator":
            yield above
        above = above.rpartition(".")[0]


def described(node, name="0"):
    how, children = node
    return {name: how} | {
        key: value
        for n, child in enumerate(children)
        for key, value in described(child, f"{name}.{n}").items()
    }


@settings(deadline=None, max_examples=60)
@given(TREES.map(without_spawning_in_threads))
def test_any_program_gives_its_tree(program):
    with Recording(clock=ticking()) as recording:
        asyncio.run(Program(program).main())
    spans, hows = recording.trace.spans, described(program)
    assert sorted(s.name for s in spans) == sorted(hows)
    assert [s.id for s in spans] == list(range(1, len(spans) + 1))
    assert [s.start_ns for s in spans] == sorted(s.start_ns for s in spans)
    by_name = {s.name: s for s in spans}
    for s in spans:
        above = next((by_name[a] for a in ancestors(s.name, hows) if by_name[a].end_ns >= s.start_ns), None)
        assert s.parent == (above.id if above else None)
        if above:
            assert above.id < s.id
            assert above.start_ns < s.start_ns
            between = [s.name.rsplit(".", n)[0] for n in range(1, s.name.count(".") + 1)]
            if "spawn" not in [hows[name] for name in between[: between.index(above.name) + 1]]:
                assert s.end_ns < above.end_ns
        assert s.end_ns > s.start_ns


SYNC = st.recursive(st.just(()), lambda below: st.lists(below, max_size=4).map(tuple), max_leaves=30)


def nest(node, name):
    with span(name):
        for n, child in enumerate(node):
            nest(child, f"{name}.{n}")


@given(SYNC, st.integers(1, 12))
def test_of_too_many_spans_the_newest_are_kept_below_the_nearest_that_is(program, limit):
    with Recording(clock=ticking(), max_spans=limit) as kept:
        nest(program, "0")
    with Recording(clock=ticking()) as whole:
        nest(program, "0")
    names = [s.name for s in whole.trace.spans]
    dropped = max(0, len(names) - limit)
    found = kept.trace
    assert [s.name for s in found.spans] == names[dropped:]
    assert found.dropped == dropped
    assert found.warnings == (
        [f"{dropped} spans were dropped: only the newest {limit} are kept"] if dropped else []
    )
    ids = {s.name: s.id for s in found.spans}
    for s in found.spans:
        above = [s.name.rsplit(".", n)[0] for n in range(1, s.name.count(".") + 1)]
        assert s.parent == next((ids[name] for name in above if name in ids), None)


@given(SYNC)
def test_nested_recordings_number_the_same_spans_each_for_itself(program):
    clock = ticking()
    with Recording(clock=clock) as outer, span("around"), Recording(clock=clock) as inner:
        nest(program, "0")
    for recording in (outer, inner, outer):
        spans = recording.trace.spans
        names = {s.id: s.name for s in spans}
        assert list(names) == list(range(1, len(spans) + 1))
        for s in spans:
            expected = s.name.rpartition(".")[0] or (
                "around" if recording is outer and s.name == "0" else None
            )
            assert names.get(s.parent) == (None if s.name == "around" else expected)
    assert len(outer.trace.spans) == len(inner.trace.spans) + 1


def test_a_span_that_started_at_the_same_moment_as_its_parent_comes_after_it():
    with Recording(clock=Clock("virtual", lambda: 5)) as recording:
        nest((((),), ()), "0")
    assert [(s.name, s.parent) for s in recording.trace.spans] == [
        ("0", None),
        ("0.0", 1),
        ("0.0.0", 2),
        ("0.1", 1),
    ]


def test_a_trace_of_what_is_still_open():
    with Recording(clock=ticking()) as recording, span("open"):
        (found,) = recording.trace.spans
        assert (found.end_ns, found.duration_ns, found.error, found.cpu_ns) == (-1, 0, None, -1)
    assert recording.trace.spans[0].error is None
    assert found.end_ns == -1


def test_what_had_not_ended_is_marked():
    recording = Recording(clock=ticking()).__enter__()
    span("open").__enter__()
    recording.__exit__(None, None, None)
    assert [s.error for s in recording.trace.spans] == [UNFINISHED]


def test_attributes_are_the_traces_own():
    attrs = {"rows": [1]}
    with Recording() as recording, span("s", **attrs) as opened:
        first = recording.trace
        opened["more"] = 1
    assert first.spans[0].attrs == {"rows": [1]}
    assert recording.trace.spans[0].attrs == {"rows": [1], "more": 1}


def test_nothing_to_freeze():
    assert freeze([], {}) == []


def test_a_detour_leads_around_a_generator_and_an_ended_span_up():
    kept = OpenSpan("kept")
    ended = OpenSpan("ended", parent=kept, end_ns=5)
    generator = OpenSpan("generator", parent=ended)
    detour = Detour("detour", parent=generator, around=ended, end_ns=0)

    def above(parent, start_ns=9):
        return nearest_kept(OpenSpan("s", parent=parent, start_ns=start_ns), lambda _: True)

    assert above(detour) is kept
    assert above(generator) is generator
    assert above(ended) is kept
    assert above(ended, start_ns=5) is ended
    assert above(None) is None


def busy(ms):
    until = time.thread_time_ns() + ms * 1_000_000
    while time.thread_time_ns() < until:
        pass


def test_processor_time_is_the_threads_own():
    with Recording() as recording:
        with span("sleeping"):
            time.sleep(0.02)
        with span("busy"):
            busy(10)
        thread = threading.Thread(target=trace("elsewhere")(busy), args=(10,))
        with span("waiting"):
            thread.start()
            thread.join()
    spans = {s.name: s for s in recording.trace.spans}
    assert spans["busy"].cpu_ns >= 9_900_000
    assert spans["elsewhere"].cpu_ns >= 9_900_000
    assert spans["sleeping"].cpu_ns < spans["sleeping"].duration_ns / 2
    assert spans["waiting"].cpu_ns < 9_900_000
    assert recording.trace.cpu_ns >= 19_800_000
    assert all(s.cpu_ns >= 0 for s in spans.values())


def test_connections_are_numbered_in_order_of_appearance():
    """Others that the process made before, for another recording, do not count."""
    with Recording(clock=ticking()) as rec:
        for number in (57, 60, 57):
            with span("query", connection=number):
                pass
        with span("request", connection="a text"):
            pass
    assert [s.attrs["connection"] for s in rec.trace.spans] == [1, 2, 1, "a text"]


def test_flushes_are_numbered_in_order_of_appearance():
    """Or a trace would depend on what its worker process measured before."""
    with Recording(clock=ticking()) as rec:
        for number in (401, 401, 402):
            with span("query", flush=number, connection=7):
                pass
    assert [(s.attrs["flush"], s.attrs["connection"]) for s in rec.trace.spans] == [(1, 1), (1, 1), (2, 1)]
