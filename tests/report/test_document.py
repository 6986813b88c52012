"""The file around a page's body: what is carried, and what its policy permits."""

import re

from perfkit.report.document import INDEX, document, policy, template, templates


def test_only_scripts_that_the_body_asks_for_are_carried():
    scripts = templates(".js")
    assert "spans.js" in scripts
    text = document("t", '<p data-script="spans">', styles=(), scripts=scripts)
    assert text.count("<script>") == 1
    assert template("spans.js") in text
    assert "<script>" not in document("t", "<p>data-script=spans</p>", styles=(), scripts=scripts)


def test_text_that_looks_like_a_request_is_escaped_and_asks_for_nothing():
    title = '</title><p data-script="spans">'
    text = document(title, "", styles=("report.css",), scripts=templates(".js"))
    assert "<script" not in text
    assert "<title>&lt;/title&gt;&lt;p data-script=&quot;spans&quot;&gt;</title>" in text


def test_the_policy_names_what_is_there_by_its_hash():
    assert policy(["a"], []) == (
        "default-src 'none'; style-src 'sha256-ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs='; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    assert policy([], ["a", "b"]).count("sha256") == 2
    assert "unsafe" not in policy(["a"], ["b"])


def test_every_style_sheet_but_that_of_the_index_is_for_reports():
    assert INDEX in templates(".css")
    assert list(templates(".css")) == sorted(templates(".css"))


def test_templates_have_no_inline_styles_or_handlers_and_name_no_address():
    for suffix in (".j2", ".css", ".js"):
        for name in templates(suffix):
            text = template(name)
            assert not re.search(r"<[^>]*\s(style|on\w+)=", text), name
            assert not re.search(r"https?://(?!www\.w3\.org/)", text), name
