"""Rule pages in a report: safe whatever is in them, and only where the rule is installed."""

import sys

import pytest

from perfkit import rules
from perfkit.errors import MissingExtraError
from perfkit.report.view.rule_pages import RulePage, html, of_rules, plain


def test_pages_of_the_rules_that_are_installed_in_order():
    found = of_rules(["PK501", "XY999", "PK102", "PK501", "", "q" * 9_000])
    assert [(page.code, page.name) for page in found] == [
        ("PK102", "n-plus-one-request"),
        ("PK501", "results-differ"),
    ]
    assert found[0].markdown == rules.page("PK102")


def test_a_rule_without_a_page_is_left_out(monkeypatch):
    monkeypatch.setattr(
        "perfkit.report.view.rule_pages.page", lambda code: (_ for _ in ()).throw(FileNotFoundError(code))
    )
    assert of_rules(["PK102"]) == []


@pytest.mark.parametrize("code", sorted(rules.available()))
def test_every_page_says_what_and_why_without_markup(code):
    (page,) = of_rules([code])
    for text in (page.what, page.why):
        assert len(text) > 20
        assert not set("*`\n") & set(text)


def test_a_paragraph_that_is_not_there_is_empty():
    assert RulePage("X1", "x", "# X1 x\n\nnothing").what == ""


def test_plain_text_keeps_code():
    assert plain("# T\n\n**What.** A `b`.\n\n    f(**x)\n") == "T\n\nWhat. A b.\n\n    f(**x)\n"


def test_markdown_becomes_html_without_its_title():
    text = html(
        "# X1 x\n\n**What.** One `SELECT <a>` per item.\n\n    if a < b:\n        pass\n\n- one\n- two\n"
    )
    assert text == (
        "<p><strong>What.</strong> One <code>SELECT &lt;a&gt;</code> per item.</p>\n"
        "<pre><code>if a &lt; b:\n    pass\n</code></pre>\n"
        "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "a <img src=x onerror=alert(1)> b",
        "[x](javascript:alert(1))",
        "[x](http://x.test)",
        "![x](http://x.test/y.png)",
        "<http://x.test>",
        "[x]\n\n[x]: http://x.test",
        "&lt;script&gt;",
        "# heading\n\nheading\n=======",
    ],
)
def test_what_would_run_or_point_outside_stays_text(hostile):
    text = html(hostile + "\n")
    rest = text
    for tag in ("p", "pre", "code", "strong", "em", "ul", "ol", "li", "blockquote"):
        rest = rest.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
    assert "<" not in rest


def test_without_the_renderer_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "markdown_it", None)
    with pytest.raises(MissingExtraError, match=r"needs markdown-it-py, .*pip install 'perfkit\[report\]'"):
        html("x")


@pytest.mark.parametrize("code", sorted(rules.available()))
def test_the_short_page_ends_before_the_details_and_keeps_what_mends(code):
    (page,) = of_rules([code])
    assert page.markdown.startswith(page.short)
    assert "**What.**" in page.short
    assert "**Right" in page.short or "**Right" not in page.markdown
    assert "How to allow it" not in page.short
