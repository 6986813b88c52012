"""Each rule's page has all sections, and code that is code; names stand as the documentation has them."""

import ast
import importlib
import re
import textwrap

import pytest
from markdown_it import MarkdownIt

from perfkit import rules

NAMES = {
    "PK101": "n-plus-one-query",
    "PK102": "n-plus-one-request",
    "PK103": "duplicate-query",
    "PK104": "duplicate-request",
    "PK105": "row-by-row-write",
    "PK106": "repeating-pattern",
    "PK201": "serial-awaits",
    "PK202": "blocking-call",
    "PK203": "head-of-line",
    "PK301": "in-memory-page",
    "PK302": "ignored-filter",
    "PK303": "full-scan",
    "PK401": "connection-churn",
    "PK402": "throttled",
    "PK403": "slow-serialisation",
    "PK501": "results-differ",
    "PK502": "growth",
}
SECTIONS = [
    r"\*\*What\.\*\*",
    r"\*\*Why it (?:is slow|matters)\.\*\*",
    r"\*\*Wrong\*\*",
    r"\*\*Right\*\*",
    r"\*\*How the saving is predicted\.\*\*",
    r"\*\*When it is wrong\.\*\*",
    r"\*\*How to allow it\.?\*\*",
]
NOT_PYTHON = ("CREATE", "SELECT", "EXPLAIN", "INSERT", "UPDATE", "DELETE", "WITH ", "$ ", "GET ", "POST ")


def code_blocks(text):
    """Each block of code with the words of the section that it stands in."""
    section = ""
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "inline" and token.content.startswith("**"):
            section = token.content
        elif token.type in ("code_block", "fence"):
            yield section, token.content


def test_the_rules_are_those_of_the_table():
    assert {code: rules.load(code).NAME for code in rules.available()} == NAMES


@pytest.mark.parametrize("code", NAMES)
def test_a_module_begins_with_what_its_rule_sees(code):
    module = importlib.import_module(rules.available()[code])
    assert module.__doc__.startswith(f"{code}: ")
    assert len(module.__doc__) > len("PK101: being written.")


@pytest.mark.parametrize("code", NAMES)
def test_a_page_has_all_sections_once_and_in_order(code):
    text = rules.page(code)
    assert text.startswith(f"# {code} {NAMES[code]}\n\n**What.** ")
    assert text.endswith("\n")
    places = [re.search(rf"^{section}", text, re.MULTILINE) for section in SECTIONS]
    assert all(places), [section for section, place in zip(SECTIONS, places, strict=True) if not place]
    assert [place.start() for place in places] == sorted(place.start() for place in places)
    for section in SECTIONS:
        if "Right" not in section and "Wrong" not in section:
            assert len(re.findall(rf"^{section}", text, re.MULTILINE)) == 1
    assert max(map(len, text.splitlines())) <= 125


@pytest.mark.parametrize("code", NAMES)
def test_wrong_and_right_code_is_python(code):
    blocks = list(code_blocks(rules.page(code)))
    for section in ("**Wrong**", "**Right**", "**How to allow it"):
        assert any(words.startswith(section) for words, _ in blocks), section
    for _, block in blocks:
        if not block.startswith(NOT_PYTHON):
            # top-level await, as in a coroutine
            ast.parse("async def page():\n" + textwrap.indent(block, "    "))


@pytest.mark.parametrize("code", sorted(set(NAMES) - {"PK501", "PK502"}))
def test_a_page_says_how_to_allow_its_own_findings(code):
    (block,) = [
        text for section, text in code_blocks(rules.page(code)) if section.startswith("**How to allow")
    ]
    calls = [
        node
        for node in ast.walk(ast.parse("async def f():\n" + textwrap.indent(block, " ")))
        if isinstance(node, ast.Call)
    ]
    (allow,) = [call for call in calls if ast.unparse(call.func) == "perfkit.allow"]
    assert ast.literal_eval(allow.args[0]) in (code, NAMES[code])
    assert [keyword.arg for keyword in allow.keywords] == ["reason"]
