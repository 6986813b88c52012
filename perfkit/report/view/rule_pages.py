"""The rules' pages as reports use them: which there are to show, and their Markdown as text or HTML."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from perfkit.errors import MissingExtraError, UnknownNameError
from perfkit.report import units
from perfkit.rules import load, page

_NOT_IN_A_REPORT = (
    *("link", "image", "autolink", "reference", "heading", "lheading"),
    *("html_block", "html_inline"),
)
"""A page may come from another package: what would point outside or disturb the outline stays text."""

_DETAILS = re.compile(r"^\*\*(?:How the saving|When it is wrong|How to allow)", re.MULTILINE)
"""Where the part of a page begins that ``perfkit explain`` has and a report leaves out."""


class RulePage(NamedTuple):
    """The page of one rule; ``markdown`` is the whole of it, its title included."""

    code: str
    name: str
    markdown: str

    @property
    def what(self) -> str:
        """What the rule sees, in one paragraph without markup."""
        return self.paragraph("What.")

    @property
    def why(self) -> str:
        """Why that is bad, in one paragraph without markup."""
        return self.paragraph("Why it is slow.") or self.paragraph("Why it matters.")

    @property
    def short(self) -> str:
        """The page without its details: what the rule sees, why that is slow, and code wrong and right."""
        return _DETAILS.split(self.markdown, maxsplit=1)[0]

    def paragraph(self, heading: str) -> str:
        """The first paragraph of a section without markup, on one line; "" if there is no such section."""
        _, _, rest = self.markdown.partition(f"**{heading}**")
        return " ".join(plain(rest.strip().partition("\n\n")[0]).split())


def of_rules(codes: Iterable[str]) -> list[RulePage]:
    """The pages of the rules with these codes, in their order; without rules that are not installed."""
    found = []
    for code in sorted(set(codes)):
        try:
            found.append(RulePage(load(code).CODE, units.clean(load(code).NAME, 60), page(code)))
        except (UnknownNameError, ImportError, OSError):
            continue  # a stored run may name a rule of a package that this machine does not have
    return found


def plain(markdown: str) -> str:
    """Without the marks that only a renderer needs; indented code stays as it is.

    >>> plain("**What.** One `SELECT` per item.")
    'What. One SELECT per item.'
    """
    lines = markdown.removeprefix("# ").split("\n")
    return "\n".join(
        line if line.startswith("    ") else line.replace("**", "").replace("`", "") for line in lines
    )


def html(markdown: str) -> str:
    """A page without its title, as HTML; whatever is HTML in it is shown, not used.

    Raises MissingExtraError without markdown-it-py.
    """
    try:
        from markdown_it import MarkdownIt
    except ImportError as error:
        raise MissingExtraError("the HTML report", "markdown-it-py", "report") from error
    reader = MarkdownIt("commonmark", {"html": False}).disable(list(_NOT_IN_A_REPORT))
    body = markdown.partition("\n")[2] if markdown.startswith("# ") else markdown
    return str(reader.render(body))
