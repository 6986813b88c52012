"""Files as bytes and text: compressed, damaged, missing, or no files of traces at all."""

import gzip
import io
import os
import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import TraceFileError
from perfkit.ingest import files
from perfkit.ingest.files import CHUNK_BYTES, Source, texts
from perfkit.ingest.left_out import LeftOut
from tests.ingest.make import stored

CONTENT = b'{"resourceSpans": []}\n' * 50_000


def read(name, left_out=None, **options):
    head, chunks = Source(name, left_out or LeftOut(), **options).open()
    whole = b"".join(chunks)
    assert whole.startswith(head)
    return whole


@pytest.mark.parametrize(
    "packed",
    [
        CONTENT,
        gzip.compress(CONTENT),
        gzip.compress(CONTENT[:50]) + gzip.compress(CONTENT[50:]),
        gzip.compress(CONTENT[:50]) + b"\0" * 100 + gzip.compress(CONTENT[50:]) + b"\0" * 7,
    ],
    ids=["plain", "gzip", "members", "padded"],
)
def test_any_file_is_read_whole(tmp_path, packed):
    noted = LeftOut()
    assert read(stored(tmp_path, packed), noted) == CONTENT
    assert noted.losses() == []


def test_chunks_are_small(tmp_path):
    _, chunks = Source(stored(tmp_path, gzip.compress(b"[" + b" " * 5_000_000)), LeftOut()).open()
    assert max(map(len, chunks)) <= 2 * CHUNK_BYTES


@pytest.mark.parametrize("cut", [1000, -1, -8])
def test_a_truncated_gzip_is_read_as_far_as_it_goes(tmp_path, cut):
    noted = LeftOut()
    content = os.urandom(50_000).hex().encode()
    path = stored(tmp_path, gzip.compress(b"[" + content)[:cut])
    found = read(path, noted)
    assert (b"[" + content).startswith(found)
    assert noted.losses() == [f"{path} ends in the middle of what is compressed; the rest of it is left out"]


def test_damaged_gzip_is_read_as_far_as_it_goes(tmp_path):
    content = b"[" + os.urandom(500_000).hex().encode()
    packed = bytearray(gzip.compress(content))
    packed[400_000:400_100] = b"\xff" * 100
    noted = LeftOut()
    found = read(stored(tmp_path, bytes(packed)), noted)
    assert found[:300_000] == content[:300_000]
    assert "is damaged where it is compressed" in noted.losses()[0]


def test_what_follows_a_gzip_is_damage(tmp_path):
    noted = LeftOut()
    assert read(stored(tmp_path, gzip.compress(b"[]") + b"junk"), noted) == b"[]"
    assert "is damaged where it is compressed" in noted.losses()[0]


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "SURELY_UNPACKED_BYTES", 1_000_000)
    path = stored(tmp_path, gzip.compress(b"[" + b" " * 50_000_000))
    noted = LeftOut()
    assert len(read(path, noted)) < 20_000_000
    assert noted.losses() == [
        f"{path} unpacks to more than 200 times its size, as traces do not; the rest of it is left out"
    ]


def test_standard_input(monkeypatch):
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(gzip.compress(CONTENT))))
    )
    source = Source("-", LeftOut())
    assert (source.label, source.is_regular) == ("standard input", False)
    assert read("-") == CONTENT


def test_a_pipe_is_read_once(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert Source(str(path), LeftOut()).is_regular is False


def test_progress_is_told(tmp_path):
    told = []
    path = stored(tmp_path, gzip.compress(b"[" + os.urandom(400_000).hex().encode()))
    read(path, progress=lambda done, total: told.append((done, total)))
    size = os.path.getsize(path)
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b" \n\t ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (gzip.compress(b""), "is empty"),
        (gzip.compress(b"[")[:8], "ends in the middle of what is compressed"),
        (b"\x1f\x8bjunk", "is damaged where it is compressed"),
        (b"\x28\xb5\x2f\xfdjunk", "unpack it first: zstd -d"),
        ("[]".encode("utf-16"), "is in UTF-16"),
        (b"PK\x03\x04", "is no JSON"),
        (b"\0" * 100, "is no JSON"),
        (b"name,count\n", "is no JSON"),
        (gzip.compress(gzip.compress(b"[]")), "is no JSON"),
    ],
)
def test_what_cannot_hold_traces(tmp_path, content, problem):
    path = stored(tmp_path, content)
    with pytest.raises(TraceFileError, match=problem) as caught:
        read(path)
    assert str(caught.value).startswith(path)


def test_no_file_and_a_folder(tmp_path):
    for name, problem in (
        (str(tmp_path / "none.json"), "cannot read .*none.json: No such file or directory"),
        (str(tmp_path), "it is a folder; name the files in it"),
        ("a\0b", "cannot read"),
    ):
        with pytest.raises(TraceFileError, match=problem):
            _ = Source(name, LeftOut()).is_regular
    with pytest.raises(TraceFileError, match="No such file"):
        read(str(tmp_path / "none.json"))


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 7))
def test_text_is_the_same_however_it_is_cut(text, size):
    data = text.removeprefix("\ufeff").encode()
    noted = LeftOut()
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    assert "".join(texts(chunks, noted)) == data.decode()
    assert noted.remarks() == []


@given(st.binary(max_size=50), st.integers(1, 7))
def test_bytes_that_are_no_text_are_replaced(data, size):
    noted = LeftOut()
    found = "".join(texts(iter([data[at : at + size] for at in range(0, len(data), size)]), noted))
    try:
        data.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        assert "\ufffd" in found
        assert "no UTF-8" in noted.remarks()[0]


def test_a_byte_order_mark_is_dropped():
    assert "".join(texts(iter([b"\xef\xbb\xbf[", b"]"]), LeftOut())) == "[]"
