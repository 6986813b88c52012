"""Instructions counted by the real valgrind."""

import sys

import pytest

from perfkit.bench.ab import instructions
from perfkit.bench.ab.instructions import count_instructions, instructions_per_call, loops_for
from perfkit.errors import NothingToCompareError, UsageError

pytestmark = pytest.mark.once

LOOP = "import sys\nfor _ in range(int(sys.argv[1])):\n    sum(i * i for i in range({size}))\n"

needs_valgrind = pytest.mark.skipif(not instructions.available(), reason="valgrind is not installed")


@pytest.mark.parametrize(
    ("call_ns", "loops"), [(1_000, (10, 250_010)), (100_000_000, (3, 6)), (10**9, (1, 2))]
)
def test_as_many_calls_are_counted_as_outweigh_how_processes_start(call_ns, loops):
    assert loops_for(call_ns) == loops


def loop(size):
    """The command that makes so many calls; without site-packages it starts soon."""
    return lambda calls: [sys.executable, "-S", "-c", LOOP.format(size=size), str(calls)]


@needs_valgrind
def test_instructions_are_counted_exactly_and_five_per_cent_more_work_is_seen(tmp_path):
    start = count_instructions(loop(2000)(1), cwd=tmp_path)
    base, again, more = (count_instructions(loop(size)(11), cwd=tmp_path) for size in (2000, 2000, 2100))
    assert base == again
    assert 1.04 < (more - start) / (base - start) < 1.06


@needs_valgrind
def test_a_command_that_fails_is_told_with_its_last_words(tmp_path):
    command = [sys.executable, "-S", "-c", "raise SystemExit('no such table')"]
    with pytest.raises(NothingToCompareError, match=r"ended with exit code 1 under valgrind: no such table"):
        count_instructions(command, cwd=tmp_path)


@needs_valgrind
def test_a_command_that_hangs_is_stopped(tmp_path):
    command = [sys.executable, "-S", "-c", "while True: pass"]
    with pytest.raises(NothingToCompareError, match=r"took longer than 0\.5 s under valgrind"):
        count_instructions(command, cwd=tmp_path, timeout_s=0.5)


def test_without_valgrind_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not instructions.available()
    with pytest.raises(UsageError, match="needs valgrind, which is not installed: apt install valgrind"):
        count_instructions(["true"], cwd=tmp_path)


def test_it_is_the_difference_of_two_numbers_of_calls(tmp_path, monkeypatch):
    seen = []

    def counted(command, **options):
        seen.append((command, options["environment"]))
        return 1_000_000 + 250 * int(command[0])

    monkeypatch.setattr(instructions, "count_instructions", counted)
    found = instructions_per_call(lambda n: [str(n)], cwd=tmp_path, environment={"A": "1"}, loops=(10, 30))
    assert found == 250
    assert seen == [(["10"], {"A": "1"}), (["30"], {"A": "1"})]


@pytest.mark.parametrize("loops", [(10, 10), (0, 5), (5, 1)])
def test_loops_must_grow(loops, tmp_path):
    with pytest.raises(ValueError, match="must grow"):
        instructions_per_call(lambda n: [str(n)], cwd=tmp_path, loops=loops)
