"""Answers as XML, for the transport ``.xml``: names of keys as elements, members of lists as ``<item>``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

from perfkit.worlds.bitrix24 import php

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_UNSENDABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold."""


def encode(body: Any) -> bytes:
    """A document of one element ``<response>``. A key that is no name of an element is an ``<item>``, too.

    >>> encode({"result": [{"ID": "7"}], "total": 1}).decode().partition("?>")[2]
    '<response><result><item><ID>7</ID></item></result><total>1</total></response>'
    """
    return f'<?xml version="1.0" encoding="utf-8"?>{"".join(_element("response", body))}'.encode()


def _element(name: str, value: Any) -> Iterator[str]:
    yield f"<{name}>"
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _element(key if _NAME.fullmatch(key) else "item", inner)
    elif php.is_array(value):
        for inner in value:
            yield from _element("item", inner)
    else:
        yield escape(_UNSENDABLE.sub("", php.to_text(value)))
    yield f"</{name}>"
