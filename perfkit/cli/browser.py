"""Opening a page in the reader's browser, without waiting for it."""

from __future__ import annotations

import os
import subprocess
import sys
import webbrowser

IN_TERMINAL = ("GenericBrowser", "Elinks")
"""Kinds of controllers that wait for their program, as those of lynx and w3m do."""


def open_page(url: str) -> bool:
    """Open ``url`` in the browser that $BROWSER names, else in the default one; False if there is none.

    A browser that lives in the terminal counts only if $BROWSER asks for it.
    """
    chosen = bool(os.environ.get("BROWSER"))
    if not chosen and not _has_display():
        return False
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return False
    waits = type(browser).__name__ in IN_TERMINAL
    if waits and not chosen:
        return False
    if waits or isinstance(browser, webbrowser.GenericBrowser):
        return _start([browser.name, *(part.replace("%s", url) for part in browser.args)])
    return browser.open(url)


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _start(command: list[str]) -> bool:
    """Start it apart from this process: whoever reads our output must not wait for a browser's end."""
    nothing = subprocess.DEVNULL
    try:
        subprocess.Popen(  # noqa: S603 - the browser that the user chose
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )
    except OSError:
        return False
    return True
