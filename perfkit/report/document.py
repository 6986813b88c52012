"""One self-contained HTML file: styles and scripts inside it, and a policy that permits no others.

Scripts only add to a page. An element asks for one with ``data-script="name"``; a page without such an
element does not carry it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from html import escape
from importlib import resources
from typing import TYPE_CHECKING

from perfkit.errors import MissingExtraError

if TYPE_CHECKING:
    from jinja2 import Environment

INDEX = "index.css"
"""The style sheet of the index of runs; a report does not have it."""


def document(title: str, body: str, *, styles: tuple[str, ...], scripts: tuple[str, ...] = ()) -> str:
    """The whole file. ``title`` is text, ``body`` is HTML; the others are names of files in templates/.

    Of ``scripts`` those are carried that an element of ``body`` asks for.
    """
    css = "".join(template(name) for name in styles)
    wanted = [template(name) for name in scripts if f'data-script="{name.removesuffix(".js")}"' in body]
    code = "".join(f"<script>{script}</script>\n" for script in wanted)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy([css], wanted)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{css}</style>
</head>
<body>
{body}
{code}</body>
</html>
"""


def policy(styles: list[str], scripts: list[str]) -> str:
    """The content policy of a page with just these styles and scripts.

    >>> policy([], [])
    "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
    """
    allowed = ["default-src 'none'"]
    for kind, texts in (("style", styles), ("script", scripts)):
        if texts:
            allowed.append(f"{kind}-src {' '.join(_hash(text) for text in texts)}")
    return "; ".join([*allowed, "img-src data:", "base-uri 'none'", "form-action 'none'"])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def environment(
    what: str, html: dict[str, Callable[..., str]], functions: dict[str, Callable[..., object]] | None = None
) -> Environment:
    """The templates, which escape all that they show but what the functions in ``html`` made.

    They may call those and ``functions``. Raises MissingExtraError for ``what`` ("the HTML report") without
    jinja2. Keep it: compiling the templates takes as long as filling them.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError(what, "jinja2", "report") from error

    def safe(function: Callable[..., str]) -> Callable[..., Markup]:
        return lambda *arguments: Markup(function(*arguments))  # noqa: S704 - it escapes its texts itself

    made = Environment(
        loader=FunctionLoader(template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update({name: safe(function) for name, function in html.items()})
    made.globals.update(functions or {})
    return made


@cache
def template(name: str) -> str:
    """The text of a file in templates/."""
    return (resources.files("perfkit.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def templates(suffix: str) -> tuple[str, ...]:
    """The names of the files in templates/ that end so, sorted."""
    folder = resources.files("perfkit.report") / "templates"
    return tuple(sorted(file.name for file in folder.iterdir() if file.name.endswith(suffix)))
