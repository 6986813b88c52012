"""Precision and recall of the rules on programs that say themselves what is wrong with them, and where."""

import sys

import pytest

from tests.corpus.runner import HERE, Label, Outcome, Program, outcomes, programs
from tests.corpus.scores import judge, problems, scores, table

OVERALL = 0.98
PER_RULE = 0.95
ENOUGH_CASES = 10
"""A rule with fewer cases counts among all of them only."""
CALL_SITES = 0.98
MIN_PROGRAMS = 60
"""So many that are wrong, and so many that look similar and are right."""


@pytest.fixture(scope="module")
def results():
    return outcomes(programs())


@pytest.fixture(scope="module")
def found(results):
    return scores(results)


def test_there_are_enough_of_both_kinds():
    wrong = sum(bool(program.expected) for program in programs())
    assert wrong >= MIN_PROGRAMS
    assert len(programs()) - wrong >= MIN_PROGRAMS


def test_each_program_runs_and_is_seen(results):
    failed = {str(program): outcome.error for program, outcome in results.items() if outcome.error}
    assert not failed
    assert not [str(program) for program, outcome in results.items() if not outcome.spans]


def test_the_rules_find_what_is_wrong_and_nothing_else(results, found, capsys):
    with capsys.disabled():
        sys.stdout.write(f"\n{table(results)}\n")
    assert found["all"].precision >= OVERALL, problems(results)
    assert found["all"].recall >= OVERALL, problems(results)


def test_each_rule_by_itself(results, found):
    weak = [
        rule
        for rule, score in found.items()
        if score.cases >= ENOUGH_CASES and min(score.precision or 0, score.recall) < PER_RULE
    ]
    assert not weak, problems(results)


def test_the_line_is_the_one_to_edit(results, found):
    assert found["all"].sites >= CALL_SITES, problems(results)


# The judge


def program(expected, tolerated=()):
    return Program("shop", "orders", tuple(expected), tuple(tolerated))


N_PLUS_ONE, WRITE = Label("PK101", 7), Label("PK105", 9)


def test_a_finding_at_its_line():
    assert judge(program([N_PLUS_ONE, WRITE]), [WRITE, N_PLUS_ONE]) == ([WRITE, N_PLUS_ONE], [], [], [])


def test_a_finding_at_another_line_is_found_and_misplaced():
    elsewhere = Label("PK101", 0)
    assert judge(program([N_PLUS_ONE]), [elsewhere]) == ([], [(N_PLUS_ONE, elsewhere)], [], [])


def test_the_same_twice_is_one_too_many():
    assert judge(program([N_PLUS_ONE]), [N_PLUS_ONE] * 2) == ([N_PLUS_ONE], [], [], [N_PLUS_ONE])


def test_what_is_missed_and_what_is_wrong():
    assert judge(program([N_PLUS_ONE]), [WRITE]) == ([], [], [N_PLUS_ONE], [WRITE])


def test_what_may_be_found_is_never_demanded():
    duplicate = Label("PK103", 7)
    assert judge(program([], [duplicate]), [duplicate]) == ([], [], [], [])
    assert judge(program([], [duplicate]), []) == ([], [], [], [])


def test_scores():
    results = {
        program([N_PLUS_ONE, WRITE]): Outcome({"query": 9}, [N_PLUS_ONE, Label("PK301", 3)], ""),
        program([N_PLUS_ONE]): Outcome({"query": 9}, [Label("PK101", 8)], ""),
    }
    found = scores(results)
    assert list(found) == ["PK101", "PK105", "PK301", "all"]
    assert found["PK101"] == (2, 2, 1, 0)
    assert (found["PK101"].precision, found["PK101"].recall, found["PK101"].f1) == (1, 1, 1)
    assert found["PK101"].sites == 0.5
    assert (found["PK105"].precision, found["PK105"].recall) == (None, 0)
    assert (found["PK301"].precision, found["PK301"].recall) == (0, None)
    assert found["all"] == (3, 2, 1, 1)


def test_labels_are_read_from_the_ends_of_lines():
    for each in programs():
        lines = (HERE / f"{each}.py").read_text(encoding="utf-8").splitlines()
        assert all(label.rule in lines[label.line - 1] for label in (*each.expected, *each.tolerated))
