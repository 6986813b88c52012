import asyncio
import threading

import pytest

import perfkit
from perfkit.errors import UsageError
from perfkit.tracing import Recording, enter, leave, span

from .test_async import tree


def query():
    leave(enter("query", "q", {}, None))


def test_a_block_holds_what_runs_inside():
    with Recording() as recording:
        with perfkit.allow("PK102", reason="three tenants") as entered, span("inside"):
            query()
        query()
    assert isinstance(entered, perfkit.allow)
    assert tree(recording) == [("allow PK102", None), ("inside", "allow PK102"), ("q", "inside"), ("q", None)]
    block = recording.trace.spans[0]
    assert (block.kind, block.attrs) == ("allow", {"rule": "PK102", "reason": "three tenants"})
    assert block.site.function == "test_a_block_holds_what_runs_inside"


def test_it_is_counted_as_nothing():
    with Recording() as recording, perfkit.allow("PK102", reason="known"):
        query()
    assert recording.counts == {"query": 1}


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_it_needs_a_reason(reason):
    with pytest.raises(UsageError, match="needs a reason"):
        perfkit.allow("PK102", reason=reason)
    with pytest.raises(TypeError):
        perfkit.allow("PK102")


def test_outside_of_a_recording_it_does_nothing():
    with perfkit.allow("PK102", reason="known"):
        query()


def test_async_with_tasks_and_threads():
    async def helper():
        await asyncio.sleep(0)
        query()

    async def main():
        async with perfkit.allow("PK102", reason="known"):
            await asyncio.gather(helper(), helper())
            await asyncio.to_thread(query)
            thread = threading.Thread(target=query)
            thread.start()
            thread.join()
        await helper()

    with Recording() as recording:
        asyncio.run(main())
    inside = ("q", "allow PK102")
    assert tree(recording) == [("allow PK102", None), inside, inside, inside, inside, ("q", None)]
    assert recording.trace.spans[0].site.function.endswith("main")


def test_a_task_that_outlives_the_block_is_not_allowed_what_comes_after():
    async def helper(gate):
        await gate.wait()
        query()

    async def main():
        gate = asyncio.Event()
        with perfkit.allow("PK102", reason="known"):
            task = asyncio.create_task(helper(gate))
            await asyncio.sleep(0)
        gate.set()
        await task

    with Recording() as recording:
        asyncio.run(main())
    assert tree(recording) == [("allow PK102", None), ("q", None)]


def test_errors_pass():
    with Recording() as recording, pytest.raises(KeyError), perfkit.allow("PK102", reason="known"):
        raise KeyError
    assert recording.trace.spans[0].error == "KeyError"


def test_one_object_can_be_used_again_and_within_itself():
    known = perfkit.allow("PK102", reason="known")
    with Recording() as recording:
        with known:
            query()
        query()
        with known:
            with known:
                query()
            query()
        query()
    block = "allow PK102"
    assert tree(recording) == [
        *((block, None), ("q", block), ("q", None)),
        *((block, None), (block, block), ("q", block), ("q", block), ("q", None)),
    ]
