import asyncio
import asyncio.queues
import inspect
import sys

from perfkit.tracing import Recording, enter, leave


async def main(queue):
    line = inspect.currentframe().f_lineno + 1
    await asyncio.gather(*(queue.get() for _ in range(2)))
    return line


class Queue(asyncio.Queue):
    """Its ``get`` is asyncio's, which is no line of the application; what it calls opens an operation."""

    def empty(self):
        leave(enter("query", "q", {}, inspect.currentframe().f_back))
        return super().empty()


def test_an_operation_of_a_librarys_coroutine_has_the_line_that_started_its_task():
    async def run():
        queue = Queue()
        queue.put_nowait(1)
        queue.put_nowait(2)
        with Recording() as rec:
            line = await main(queue)
        return rec, line

    original = asyncio.base_events.BaseEventLoop.create_task
    rec, line = asyncio.run(run())
    sites = [(s.site.file, s.site.line, s.site.function) for s in rec.trace.of_kind("query")]
    assert sites
    assert set(sites) == {("tests/tracing/test_tasks.py", line, "main")}
    assert asyncio.base_events.BaseEventLoop.create_task is original


LIBRARY = """
import asyncio

async def fetch(ask):
    return await asyncio.create_task(send(ask))

async def send(ask):
    await asyncio.sleep(0)
    ask()
"""


def test_tasks_that_a_librarys_task_starts_have_the_line_that_started_it():
    names = {}
    exec(compile(LIBRARY, f"{sys.prefix}/site-packages/library.py", "exec"), names)

    def ask():
        leave(enter("query", "q", {}, inspect.currentframe().f_back))

    async def run():
        with Recording() as rec:
            line = inspect.currentframe().f_lineno + 1
            await asyncio.create_task(names["fetch"](ask))
        return rec, line

    rec, line = asyncio.run(run())
    (query,) = rec.trace.of_kind("query")
    assert (query.site.file, query.site.line) == ("tests/tracing/test_tasks.py", line)
