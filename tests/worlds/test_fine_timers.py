import asyncio
import socket

from perfkit.worlds import fine_timers


def test_it_runs_a_coroutine_and_closes_its_loop():
    async def main():
        await asyncio.sleep(0.0003)
        return asyncio.get_running_loop()

    loop = fine_timers.run(main)
    assert loop.is_closed()


def test_a_wait_ends_when_something_arrives():
    async def main():
        near, far = socket.socketpair()
        with near, far:
            near.setblocking(False)
            loop = asyncio.get_running_loop()
            loop.call_later(0.002, far.send, b"x")
            async with asyncio.timeout(30):
                return await loop.sock_recv(near, 1)

    assert fine_timers.run(main) == b"x"


def test_timers_run_in_their_order_and_never_early():
    async def main():
        loop, fired = asyncio.get_running_loop(), []
        due = [loop.time() + delay for delay in (0.003, 0.0001, 0.0015)]
        done = asyncio.Event()
        for when in due:
            loop.call_at(when, lambda when=when: fired.append((when, loop.time())))
        loop.call_at(max(due) + 0.0001, done.set)
        await done.wait()
        assert [when for when, _ in fired] == sorted(due)
        resolution = 1e-6
        assert all(at >= when - resolution for when, at in fired)

    fine_timers.run(main)


def test_descriptors_beyond_select(monkeypatch):
    monkeypatch.setattr(fine_timers, "_MAX_SELECTABLE", 0)
    fine_timers.run(lambda: asyncio.sleep(0.001))


def test_without_epoll(monkeypatch):
    monkeypatch.setattr(fine_timers, "_epoll", None)
    assert fine_timers.run(lambda: asyncio.sleep(0, "done")) == "done"
