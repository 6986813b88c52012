import asyncio
import asyncio.queues
import inspect

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
