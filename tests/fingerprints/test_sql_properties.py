import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from perfkit.fingerprints.sql import _describe as describe

from .sql_grammar import (
    any_text,
    backslash_quoted,
    literals_of_dialects,
    plainly_quoted,
    statements,
    written,
)

pytestmark = pytest.mark.once


def plain(statement):
    """The statement in its plainest form."""
    pieces = []
    for token in statement:
        kind = getattr(token, "kind", "")
        row = f"({', '.join('?' * getattr(token, 'width', 1))})"
        pieces.append({"": token, "one": "?", "rows": row}.get(kind, "?" if row == "(?)" else row))
    return " ".join(map(str, pieces))


@settings(max_examples=200, deadline=None)
@given(st.data(), statements, st.sampled_from(literals_of_dialects))
def test_one_template_however_a_statement_is_written(data, statement, literals):
    template = describe(plain(statement)).template
    assert describe(data.draw(written(statement, literals))).template == template


@settings(deadline=None)
@given(statements)
def test_a_template_is_its_own_template(statement):
    once = describe(plain(statement))
    # how long a list was is not in the template
    assert describe(once.template)._replace(listed=0) == once._replace(listed=0)


@settings(max_examples=200, deadline=None)
@given(statements, statements)
def test_different_statements_never_merge(first, second):
    same = describe(plain(first)).template == describe(plain(second)).template
    assert same == (first == second)


@settings(max_examples=200, deadline=None)
@given(st.data(), statements)
def test_a_statement_and_a_changed_one_never_merge(data, statement):
    place = data.draw(st.integers(0, len(statement) - 1))
    others = statements.map(lambda found: found[place % len(found)])
    other = data.draw(others.filter(lambda token: token != "TRUE"))  # a literal almost anywhere
    changed = [*statement[:place], other, *statement[place + 1 :]]
    same = describe(plain(statement)).template == describe(plain(changed)).template
    assert same == (plain(statement) == plain(changed))


quotings = st.sampled_from([plainly_quoted, backslash_quoted])
secret_texts = st.tuples(any_text, any_text).map("zqxkeep".join)


@settings(max_examples=200, deadline=None)
@given(st.data(), statements, quotings)
def test_texts_never_survive(data, statement, quote):
    written_down = data.draw(written(statement, secret_texts.map(quote)))
    assert "zqxkeep" not in describe(written_down).template


MARKS = (
    """' " ` \\ $$ $t$ -- /* */ # ( ) [ ] , ; . ... - + ? ?| ?1 $1 %s : :: :a @ @@ 1 1.5 e E' N' x a.b { é"""
)
WORDS = "SELECT FROM IN VALUES ARRAY NULL TRUE IS WITH AS UPDATE LIMIT ANY"
soup = st.sampled_from([*f"{MARKS} {WORDS}".split(" "), '"a b"', '"c"', "\n", " "])
soups = st.lists(soup, max_size=20).map("".join) | st.lists(soup, max_size=20).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(st.text() | soups)
def test_any_text_has_a_template(text):
    once = describe(text)
    assert once.template.isprintable()
    assert describe(once.template).template == once.template
