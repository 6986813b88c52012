import gzip
import json
import os
import stat

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from perfkit.errors import NewerSchemaError, RunFileError
from perfkit.model import SCHEMA, Span, Trace, pack, unpack
from perfkit.model.schema import run_schema
from perfkit.model.storage import (
    decode_run,
    encode_run,
    read_run,
    unused,
    write_atomic,
    write_run,
    write_run_in,
)

from .sample import small_run


@pytest.mark.parametrize("name", ["run.json", "run.json.gz"])
def test_what_is_written_is_read(tmp_path, name):
    path = write_run(small_run(), tmp_path / "new" / name)
    assert read_run(path) == small_run()
    assert (path.read_bytes()[:2] == b"\x1f\x8b") == name.endswith(".gz")


def test_equal_runs_are_equal_files(tmp_path):
    first, second = (write_run(small_run(), tmp_path / f"{n}.json.gz").read_bytes() for n in (1, 2))
    assert first == second


def test_the_document_fits_its_published_schema():
    schema = run_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(json.loads(encode_run(small_run())), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"schema": SCHEMA}, schema)


def test_large_runs_are_compressed_and_nothing_is_overwritten(tmp_path):
    run = small_run()
    first, second = (write_run_in(run, tmp_path, "x") for _ in range(2))
    assert [first.name, second.name] == ["x.json", "x-2.json"]
    run.warnings = ["w" * 300_000]
    assert write_run_in(run, tmp_path, "y").name == "y.json.gz"


def test_units_are_in_the_names():
    document = json.loads(encode_run(small_run()))
    sample = document["scenarios"][0]["cells"][0]["samples"][0]
    assert sample == {"seed": 1, "elapsed_ns": 5000}


def test_odd_values_in_a_trace_cost_no_run(tmp_path):
    holding_itself = []
    holding_itself.append(holding_itself)
    spans = [Span(1, None, "span", 5, 0, 1, attrs={"x": holding_itself, "y": 2**80, "z": "\udcff"})]
    run = small_run()
    run.trace = pack(Trace("wall", 0, 1, spans))
    (span,) = unpack(read_run(write_run(run, tmp_path / "run.json")).trace).spans
    assert (span.name, span.attrs["y"], span.attrs["z"]) == ("5", str(2**80), "?")
    assert isinstance(span.attrs["x"], list)


def test_a_newer_schema_is_refused_by_its_number():
    document = json.loads(encode_run(small_run())) | {"schema": SCHEMA + 1}
    with pytest.raises(NewerSchemaError, match=rf"new\.json has schema {SCHEMA + 1}.*up to {SCHEMA}"):
        decode_run(json.dumps(document).encode(), source="new.json")


def test_an_older_schema_is_migrated():
    document = json.loads(encode_run(small_run()))
    machine = document.pop("machine")
    old = document | {"schema": 1} | {key: machine[key] for key in ("created", "environment", "git")}
    run = decode_run(json.dumps(old).encode())
    assert run.schema == SCHEMA
    assert run.machine.environment == small_run().machine.environment
    assert run.machine.git.revision == "a" * 40
    assert run.scenarios == small_run().scenarios


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"schema": true}',
        b'{"schema": 0}',
        b'{"schema": "2"}',
        b'{"schema": 2}',
        b'{"schema": 1}',
        b"\xff\xfe",
        b"\x1f\x8bnot gzip",
        gzip.compress(b"{}", mtime=0)[:-4],
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_named(tmp_path, data):
    path = tmp_path / "broken.json"
    path.write_bytes(data)
    with pytest.raises(RunFileError, match=r"broken\.json"):
        read_run(path)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_run_or_a_clear_error(data):
    with pytest.raises(RunFileError):
        decode_run(data)


@given(st.integers(0, 10_000))
def test_a_cut_file_is_never_a_run(cut):
    whole = encode_run(small_run())
    with pytest.raises(RunFileError):
        decode_run(whole[: cut % len(whole)])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RunFileError, match=r"cannot read .*nowhere\.json"):
        read_run(tmp_path / "nowhere.json")


def test_an_unwritable_place_leaves_nothing_behind(tmp_path):
    place = tmp_path / "file"
    place.write_text("x")
    with pytest.raises(RunFileError, match="cannot write"):
        write_run(small_run(), place / "run.json")
    assert os.listdir(tmp_path) == ["file"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = write_atomic(tmp_path / "run.json", b"old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(RunFileError, match="No space left"):
        write_atomic(path, b"new")
    assert os.listdir(tmp_path) == ["run.json"]
    assert path.read_bytes() == b"old"


@pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")
def test_files_get_the_usual_permissions(tmp_path):
    before = os.umask(0o022)
    try:
        path = write_atomic(tmp_path / "run.json", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@pytest.mark.skipif(os.name == "nt", reason="symbolic links")
def test_a_symbolic_link_is_written_through(tmp_path):
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    write_atomic(tmp_path / "link.json", b"new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_bytes() == b"new"


def test_unused_names_count_up(tmp_path):
    (tmp_path / "a.json").touch()
    (tmp_path / "a-2.json").touch()
    assert unused(tmp_path, "a", ".json").name == "a-3.json"
