"""Which handler a request is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import unquote

from perfkit.errors import UsageError
from perfkit.worlds.service.behaviour import Behaviour

Handler = Callable[..., Any]

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_TOKEN = re.compile(r"[A-Z]+(?:-[A-Z]+)*")


@dataclass(frozen=True)
class Route:
    """A method, a path with ``{names}``, its handler and how it behaves."""

    method: str
    path: str
    handler: Handler
    behaviour: Behaviour

    @cached_property
    def name(self) -> str:
        """How counters call it: ``GET /jobs/{id}``."""
        return f"{self.method} {self.path}"

    @cached_property
    def names(self) -> list[str]:
        """The names in its path."""
        return _NAME.findall(self.path)


class Router:
    """Routes by path: fixed paths first, then those with ``{names}``, in the order they were added."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self._fixed: dict[str, dict[str, Route]] = {}
        self._shaped: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}

    def add(self, route: Route) -> None:
        """Add one; UsageError for a path that is none, and for the same route twice."""
        if not _TOKEN.fullmatch(route.method):
            raise UsageError(f"{route.method!r} is no HTTP method: write it in capitals, as in GET")
        pattern = _pattern(route.path)
        if pattern is None:
            methods = self._fixed.setdefault(route.path, {})
        else:
            # The names do not matter: /jobs/{id} and /jobs/{number} are one path.
            methods = self._shaped.setdefault(_NAME.sub("{}", route.path), (pattern, {}))[1]
        if route.method in methods:
            raise UsageError(f"the service has two routes {route.name}; remove one")
        methods[route.method] = route
        self.routes.append(route)

    def find(self, method: str, target: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """The route and the values of its names; without a route the methods that this path has, if any.

        HEAD is answered by GET's route.
        """
        methods, values = self._methods(_path(target))
        route = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
        if route is None:
            return None, {}, sorted({*methods, "HEAD"} if "GET" in methods else methods)
        return route, dict(zip(route.names, map(unquote, values), strict=True)), []

    def _methods(self, path: str) -> tuple[dict[str, Route], Iterable[str]]:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, ()
        for pattern, methods in self._shaped.values():
            found = pattern.fullmatch(path)
            if found:
                return methods, found.groups()
        return {}, ()


def _pattern(path: str) -> re.Pattern[str] | None:
    if "?" in path or "#" in path:
        raise UsageError(f"the path {path!r} has a query: a route is for all of them, see request.query")
    names = _NAME.findall(path)
    rest = _NAME.sub("", path)
    if "{" in rest or "}" in rest or len(names) != len(set(names)):
        raise UsageError(f"the path {path!r}: each {{name}} must be a Python name, and occur once")
    if not names:
        return None
    parts = [re.escape(part) for part in _NAME.split(path)[::2]]
    return re.compile("([^/]+)".join(parts))


def _path(target: str) -> str:
    """The path of a target in any of its forms; clients of a proxy send the whole URL."""
    if not target.startswith("/"):
        target = re.sub(r"^https?://[^/?#]*", "", target, flags=re.IGNORECASE) or "/"
    path, _, _ = target.partition("?")
    return path
