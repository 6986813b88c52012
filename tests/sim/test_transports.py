import asyncio
from contextvars import ContextVar

import pytest

from perfkit.sim import run
from perfkit.sim.transports import CHUNK_BYTES, SEND_BUFFER_BYTES, WINDOW_BYTES
from tests.sim.support import HOST, MS, Log, network, now_ns, pair

HALF = 100 * MS
S = 1_000 * MS


def data_events(protocol):
    return [event for event in protocol.events if event[1] == "data"]


def simulate(main, **link):
    return run(main, network=network(**link))


def test_what_is_written_arrives_in_order_half_a_round_trip_later():
    async def main():
        _, client, server = await pair()
        start = now_ns()
        for piece in (b"a", bytearray(b"b"), memoryview(b"c"), b""):
            client.transport.write(piece)
        client.transport.writelines([b"d", b"e"])
        await asyncio.sleep(0.05)
        client.transport.write(b"f")
        await asyncio.sleep(1)
        return [(when - start, data) for when, _, data in data_events(server)]

    assert simulate(main) == [(HALF, b"a"), (HALF, b"b"), (HALF, b"c"), (HALF, b"de"), (HALF + 50 * MS, b"f")]


def test_a_changed_buffer_does_not_change_what_was_written():
    async def main():
        _, client, server = await pair()
        data = bytearray(b"before")
        client.transport.write(data)
        data[:] = b"after!"
        await asyncio.sleep(1)
        return server.data

    assert simulate(main) == b"before"


def test_an_odd_round_trip_is_whole_again():
    async def main():
        class Echo(Log):
            def data_received(self, data):
                self.transport.write(data)

        _, client, _ = await pair(server_class=Echo)
        start = now_ns()
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return client.events[-1][0] - start

    assert simulate(main, rtt_ns=7) == 7


def test_the_server_sees_a_connection_half_a_round_trip_after_the_client():
    async def main():
        _, client, server = await pair()
        return client.events, server.events

    assert simulate(main) == ([(2 * HALF, "made")], [(3 * HALF, "made")])


def test_closing_sends_the_data_then_the_end_then_both_are_lost():
    async def main():
        _, client, server = await pair()
        start = now_ns()
        client.transport.write(b"last words")
        client.transport.close()
        assert client.transport.is_closing()
        client.transport.write(b"ignored")
        await asyncio.sleep(1)
        return [[(when - start, *rest) for when, *rest in log.events[1:]] for log in (client, server)]

    client, server = simulate(main)
    assert client == [(0, "lost", None)]
    assert server == [(HALF, "data", b"last words"), (HALF, "eof"), (HALF, "lost", None)]


def test_half_closing_leaves_the_other_direction_open():
    class Patient(Log):
        def eof_received(self):
            super().eof_received()
            return True

    async def main():
        _, client, server = await pair(server_class=Patient)
        client.transport.write(b"question")
        assert client.transport.can_write_eof()
        client.transport.write_eof()
        with pytest.raises(RuntimeError, match="write_eof"):
            client.transport.write(b"more")
        await asyncio.sleep(1)
        server.transport.write(b"answer")
        server.transport.close()
        await asyncio.sleep(1)
        return server.data, client.data, server.events[-1][1:], client.events[-1][1:]

    assert simulate(main) == (b"question", b"answer", ("lost", None), ("lost", None))


def test_half_closing_waits_for_what_is_buffered():
    async def main():
        _, client, server = await pair()
        client.transport.write(bytes(10**6))
        client.transport.write_eof()
        client.transport.close()
        await asyncio.sleep(100)
        return [event[1] for event in server.events[-3:]], len(server.data)

    assert simulate(main, bandwidth=100_000) == (["data", "eof", "lost"], 10**6)


def test_writing_to_a_closed_peer_is_a_reset():
    class Deaf(Log):
        def eof_received(self):
            return True

    async def main():
        _, client, server = await pair(server_class=Deaf)
        client.transport.close()
        await asyncio.sleep(1)
        start = now_ns()
        server.transport.write(b"hello?")
        await asyncio.sleep(1)
        return server.events[-1][0] - start, server.events[-1][1:]

    assert simulate(main) == (2 * HALF, ("lost", "ConnectionResetError"))


def test_the_kernel_takes_its_send_buffer_and_the_rest_is_write_buffer():
    rate, size = 1_000_000, 1_000_000

    async def main():
        _, client, server = await pair()
        client.events.clear()
        start, transport = now_ns(), client.transport
        transport.write(bytes(SEND_BUFFER_BYTES))
        free = transport.get_write_buffer_size()
        transport.write(bytes(size - SEND_BUFFER_BYTES))
        held = transport.get_write_buffer_size()
        await asyncio.sleep(2)
        times = [(when - start, name) for when, name in client.events]
        return free, held, times, data_events(server)[-1][0] - start, len(server.data)

    free, held, times, done, received = simulate(main, bandwidth=rate)
    assert (free, held, received) == (0, size - SEND_BUFFER_BYTES, size)
    assert [name for _, name in times] == ["pause", "resume"]
    assert times[0][0] == 0
    # It resumes with at most 16 KiB left, a chunk at a time.
    left = (size - SEND_BUFFER_BYTES) * 1000 - times[1][0]
    assert 0 <= left + CHUNK_BYTES * 1000 <= (CHUNK_BYTES + 16_384) * 1000
    assert done == size * 1000 + HALF


def test_small_writes_never_wait_even_with_no_write_buffer():
    async def main():
        _, client, _ = await pair()
        client.transport.set_write_buffer_limits(0)
        for _ in range(100):
            client.transport.write(bytes(1000))
        return client.events

    assert [event[1] for event in simulate(main)] == ["made"]


@pytest.mark.parametrize(
    ("given", "limits"),
    [({}, (16_384, 65_536)), ({"high": 100}, (25, 100)), ({"low": 10}, (10, 40)), ({"high": 0}, (0, 0))],
)
def test_write_buffer_limits(given, limits):
    async def main():
        _, client, _ = await pair()
        client.transport.set_write_buffer_limits(**given)
        with pytest.raises(ValueError, match="must be >="):
            client.transport.set_write_buffer_limits(high=1, low=2)
        return client.transport.get_write_buffer_limits()

    assert simulate(main) == limits


def test_paused_reading_keeps_everything_back_in_order():
    async def main():
        _, client, server = await pair()
        server.transport.pause_reading()
        client.transport.write(b"a")
        client.transport.close()
        await asyncio.sleep(1)
        before, reading = server.data, server.transport.is_reading()
        server.transport.resume_reading()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return before, reading, server.data, [event[1] for event in server.events]

    assert simulate(main) == (b"", False, b"a", ["made", "data", "eof", "lost"])


def test_a_peer_that_does_not_read_stops_the_writer():
    async def main():
        _, client, server = await pair()
        server.transport.pause_reading()
        client.transport.write(bytes(WINDOW_BYTES + 100_000))
        await asyncio.sleep(10)
        held, paused = client.transport.get_write_buffer_size(), client.events[-1][1]
        start = now_ns()
        server.transport.resume_reading()
        await asyncio.sleep(10)
        return (
            held,
            paused,
            client.events[-1][0] - start,
            len(server.data),
            data_events(server)[-1][0] - start,
        )

    # The news that there is room takes half a round trip, and so does the data.
    expected = (100_000, "pause", HALF, WINDOW_BYTES + 100_000, 2 * HALF)
    assert simulate(main) == expected


def test_aborting_drops_what_the_kernel_has_not_taken():
    async def main():
        _, client, server = await pair()
        client.transport.write(bytes(10**6))
        client.transport.abort()
        await asyncio.sleep(10)
        return len(server.data), client.events[-1][1:], server.events[-1][1:]

    taken = SEND_BUFFER_BYTES
    assert simulate(main, bandwidth=1_000_000) == (taken, ("lost", None), ("lost", None))


def test_closing_with_a_full_buffer_is_lost_when_it_is_flushed():
    async def main():
        _, client, server = await pair()
        start = now_ns()
        client.transport.write(bytes(10**6))
        client.transport.close()
        early = len(client.events)
        await asyncio.sleep(10)
        return early, client.events[-1][0] - start, len(server.data), server.events[-1][0] - start

    early, lost, received, peer_lost = simulate(main, bandwidth=1_000_000)
    assert early == 2  # made, pause
    assert received == 10**6
    assert 0.7 * S < lost < S
    assert peer_lost == S + HALF


def test_callbacks_run_in_the_context_of_their_side():
    side = ContextVar("side", default="none")
    seen = []

    class Noting(Log):
        def note(self, *event):
            seen.append((side.get(), event[0]))

    async def main():
        loop = asyncio.get_running_loop()
        side.set("server")
        await loop.create_server(Noting, HOST, 7000)
        side.set("client")
        transport, _ = await loop.create_connection(Noting, HOST, 7000)
        side.set("later")
        transport.write(b"x")
        transport.close()
        await asyncio.sleep(1)

    simulate(main)
    assert seen == [
        ("client", "made"),
        ("client", "lost"),
        ("server", "made"),
        ("server", "data"),
        ("server", "eof"),
        ("server", "lost"),
    ]


def test_a_protocol_that_fails_loses_its_connection():
    class Broken(Log):
        def data_received(self, data):
            raise KeyError("broken")

    async def main():
        reports = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: reports.append(context["message"])
        )
        _, client, server = await pair(server_class=Broken)
        client.transport.write(b"x")
        await asyncio.sleep(1)
        return reports, server.events[-1][1:], client.events[-1][1:]

    assert simulate(main) == (["protocol.data_received() failed"], ("lost", "KeyError"), ("lost", None))


def test_buffered_protocols_are_fed():
    class Buffered(asyncio.BufferedProtocol):
        def __init__(self):
            self.buffer, self.data = bytearray(4), b""

        def get_buffer(self, sizehint):
            return self.buffer

        def buffer_updated(self, nbytes):
            self.data += self.buffer[:nbytes]

    async def main():
        _, client, server = await pair(server_class=Buffered)
        client.transport.write(b"more than four")
        await asyncio.sleep(1)
        return server.data

    assert simulate(main) == b"more than four"


def test_streams_work_with_back_pressure():
    async def serve(reader, writer):
        body = await reader.read()
        writer.write(len(body).to_bytes(8))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def main():
        await asyncio.start_server(serve, HOST, 7000)
        reader, writer = await asyncio.open_connection(HOST, 7000)
        start = now_ns()
        for _ in range(100):
            writer.write(bytes(100_000))
            await writer.drain()
        drained = now_ns() - start
        writer.write_eof()
        answer = int.from_bytes(await reader.read())
        writer.close()
        return answer, drained, now_ns() - start

    answer, drained, took = simulate(main, bandwidth=10_000_000)
    assert answer == 10_000_000
    assert 0.9 * S < drained < S
    assert took == S + 2 * HALF + 800


def test_garbage_is_refused():
    async def main():
        _, client, _ = await pair()
        with pytest.raises(TypeError, match="expected bytes"):
            client.transport.write("text")
        return repr(client.transport), client.transport.get_protocol() is client

    text, same = simulate(main)
    assert same
    assert "('198.18.0.1', 32768) -> ('198.18.0.2', 7000) open" in text
