import pytest

from perfkit.errors import SimulationError, UsageError
from perfkit.sim.postgres.control import Control
from tests.postgres import postgres


@pytest.fixture
def control():
    with closing(Control(postgres())) as control:
        yield control


def closing(control):
    from contextlib import closing

    return closing(control)


def test_rows_are_text_or_none(control):
    assert control.rows("SELECT 1, NULL, 'ü', '' UNION ALL SELECT 2, 'x', 'y', 'z'") == [
        ["1", None, "ü", ""],
        ["2", "x", "y", "z"],
    ]


def test_an_error_is_said_and_the_next_query_is_answered(control):
    with pytest.raises(SimulationError, match='relation "nowhere" does not exist'):
        control.rows("SELECT * FROM nowhere")
    assert control.rows("SELECT 1") == [["1"]]


def test_roles_are_known(control):
    assert control.superuser
    assert control.can_explain()
    assert not control.is_superuser("o'hara")


def test_nobody_is_blocked(control):
    pid = int(control.rows("SELECT pg_backend_pid()")[0][0])
    assert control.blockers([pid]) == {pid: set()}


@pytest.mark.parametrize("method", ["scram-sha-256", "md5", "password"])
def test_passwords(control, method):
    """The server asks for one after a line is put at the top of its pg_hba.conf."""
    rules = control.rows("SHOW hba_file")[0][0]
    kept = control.rows(f"SELECT pg_read_file('{rules}')")[0][0]
    encryption = "md5" if method == "md5" else "scram-sha-256"
    write(control, rules, f"host all asked all {method}\n{kept}")
    try:
        control.rows("DROP ROLE IF EXISTS asked")
        control.rows(f"SET password_encryption = '{encryption}'")
        control.rows("CREATE ROLE asked LOGIN PASSWORD 'it''s a secret'")
        host, port = control.address
        with closing(Control(f"postgresql://asked:it%27s%20a%20secret@{host}:{port}/postgres")) as asked:
            assert not asked.superuser
            assert not asked.can_explain()
        with pytest.raises(SimulationError, match="password authentication failed") as error:
            Control(f"postgresql://asked:wrong-one@{host}:{port}/postgres")
        assert "wrong-one" not in str(error.value)
    finally:
        write(control, rules, kept)
        control.rows("DROP ROLE asked")


def write(control, file, text):
    quoted = text.replace("'", "''")
    control.rows(f"COPY (SELECT unnest(string_to_array('{quoted}', E'\\n'))) TO '{file}'")
    control.rows("SELECT pg_reload_conf()")
    control.rows("SELECT pg_sleep(0.2)")  # the postmaster reads it when it gets to it


def test_a_server_that_is_not_there_is_an_error_with_its_address():
    with pytest.raises(SimulationError, match=r"127\.0\.0\.1:1 .*cannot be reached"):
        Control(("127.0.0.1", 1))


def test_what_is_no_url_is_refused_without_being_repeated():
    with pytest.raises(UsageError, match="postgresql://user:password@") as error:
        Control("host=127.0.0.1 password=s3cret")
    assert "s3cret" not in str(error.value)
