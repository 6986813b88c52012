"""One self-contained HTML file: styles and scripts inside it, and a policy that permits no others.

Scripts only add to a page. An element asks for one with ``data-script="name"``; a page without such an
element does not carry it.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from html import escape
from importlib import resources

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


@cache
def template(name: str) -> str:
    """The text of a file in templates/."""
    return (resources.files("perfkit.report") / "templates" / name).read_text(encoding="utf-8")


@cache
def templates(suffix: str) -> tuple[str, ...]:
    """The names of the files in templates/ that end so, sorted."""
    folder = resources.files("perfkit.report") / "templates"
    return tuple(sorted(file.name for file in folder.iterdir() if file.name.endswith(suffix)))
