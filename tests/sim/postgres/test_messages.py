import pytest

from perfkit.errors import SimulationError
from perfkit.sim.postgres import messages
from perfkit.sim.postgres.messages import ClientMessages, message, startup, with_options

HELLO = startup({"user": "ann", "database": "shop"})
QUERY = message(b"Q", b"SELECT 1\0")


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1_000])
def test_messages_are_whole_however_they_arrive(size):
    data = (8).to_bytes(4) + messages.SSL_REQUEST.to_bytes(4) + HELLO + QUERY + QUERY
    client = ClientMessages()
    got = [m for i in range(0, len(data), size) for m in client.feed(data[i : i + size])]
    assert [kind for kind, _ in got] == [b"", b"", b"Q", b"Q"]
    assert b"".join(raw for _, raw in got) == data


def test_tls_that_begins_at_once_is_refused():
    with pytest.raises(SimulationError, match="sslnegotiation=direct"):
        list(ClientMessages().feed(b"\x16\x03\x01\x02\x00\x01\x00\x01"))


def test_settings_are_put_before_the_clients_own():
    asked = startup({"user": "ann", "options": "-c jit=on"}, 196_610)
    changed = with_options(asked, ("jit=off", "a.b=1"))
    assert messages.parameters(changed) == {"user": "ann", "options": "-c jit=off -c a.b=1 -c jit=on"}
    assert messages.code_of(changed) == 196_610
    assert int.from_bytes(changed[:4]) == len(changed)


def test_fields_of_an_error():
    body = b"SERROR\0C40P01\0Mdeadlock detected\0\0"
    assert [messages.field(body, code) for code in (b"C", b"M", b"X")] == ["40P01", "deadlock detected", ""]


def test_server_messages_are_split_as_far_as_they_are_whole():
    data = message(b"C", b"SELECT 1\0") + message(b"Z", b"I")
    assert list(messages.split(data + b"N\0\0")) == [(b"C", b"SELECT 1\0"), (b"Z", b"I")]
    assert list(messages.split(data[:-1])) == [(b"C", b"SELECT 1\0")]  # cut off in its body
