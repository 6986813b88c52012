"""Commands of a batch: their query strings, and references to the results of earlier ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from perfkit.worlds.bitrix24 import php
from perfkit.worlds.bitrix24.config import PAGE_ROWS

MAX_COMMANDS = PAGE_ROWS
NOT_ALLOWED = ("batch", "upload", "download")
"""Methods no command of a batch may call."""

_REFERENCE = re.compile(r"\$(result(?:_error|_total|_next|_time)?)((?:\[[^\[\]]*\])*)")


@dataclass
class Results:
    """What a batch has answered so far, each by the name of its command."""

    result: dict[str, Any] = field(default_factory=dict)
    result_error: dict[str, Any] = field(default_factory=dict)
    result_total: dict[str, Any] = field(default_factory=dict)
    result_next: dict[str, Any] = field(default_factory=dict)
    result_time: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The ``result`` of the batch: each part a JSON list where PHP would make it one."""
        return {name: php.as_json(part) for name, part in vars(self).items()}

    def resolve(self, root: str, path: list[str]) -> Any:
        """What a reference means. A step that leads nowhere ends it at the deepest value reached."""
        value: Any = getattr(self, root)
        for step in path:
            try:
                value = _step(value, step)
            except LookupError:
                break
        return value


def _step(value: Any, key: str) -> Any:
    """The member of an array under ``key``. Raises LookupError where there is none."""
    if isinstance(value, dict) and key in value:
        return value[key]
    return dict(php.items(value))[key]


def commands_of(params: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and query strings of the commands in the parameters of a batch. What is no text is skipped."""
    return [(key, command) for key, command in php.items(params.get("cmd")) if isinstance(command, str)]


def stops_at_errors(params: Mapping[str, Any]) -> bool:
    """Whether ``halt`` is true, as PHP sees it."""
    return php.to_text(params.get("halt")) not in ("", "0")


def parse_command(command: str, results: Results) -> tuple[str, php.PhpArray]:
    """Method and parameters of ``crm.lead.get?ID=$result[first][0][ID]``, its references resolved.

    A reference that is a whole value may become an array; one inside a name becomes text.
    """
    method, _, query = command.partition("?")
    params = php.PhpArray()
    for name, value in php.query_pairs(query):
        params.insert(_resolve_in_name(name, results), _resolve_value(value, results))
    return method.strip(), params


def _resolve_value(text: str, results: Results) -> Any:
    found = _REFERENCE.fullmatch(text) if text.startswith("$") else None
    return results.resolve(found[1], _steps(found[2])) if found else text


def _resolve_in_name(name: str, results: Results) -> str:
    def as_text(found: re.Match[str]) -> str:
        return php.to_text(results.resolve(found[1], _steps(found[2])))

    return _REFERENCE.sub(as_text, name) if "$" in name else name


def _steps(path: str) -> list[str]:
    return path[1:-1].split("][") if path else []
