"""What the stack tells of a statement of Django's ORM: the relation being loaded, the template's line.

Django hands nothing of it down to its cursor, so the frames in between are asked, by their functions' names.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from perfkit.tracing.callpath import shown

MAX_LIBRARY_FRAMES = 100
"""How many frames of Django are looked at between a statement and the application."""

MAX_PLACES = 1_000
"""Of how many statements it is remembered which frame knows the relation that they load."""

_WRAPPERS = "CursorWrapper._execute_with_wrappers"
_CALLER_DEPTH = 4  # from `_frame_at` to the caller of what calls the caller of `look_up`
_ONLY_A_RELATION = 2  # facts, with the alias

_places: dict[Any, tuple[int, CodeType]] = {}
"""Per statement, how far from ``_frame_at`` the frame is that knows the relation, and its code."""


def look_up(facts: dict[str, Any], sql: Any, frame: FrameType) -> FrameType:
    """Ask the frames of Django between the statement and the application what they are doing.

    Gives the frame to look for the application from. Where the same statement was asked for before, the frame
    that knew its relation is looked at first, at once: stepping through the ten before it takes microseconds.
    """
    place = _places.get(sql)
    known = None if place is None else _frame_at(*place)
    depth, start = (0, known) if known is not None else _below_wrappers(frame)
    step: FrameType | None = start
    while step is not None and depth < MAX_LIBRARY_FRAMES and "template" not in facts:
        code = step.f_code
        if shown(code.co_filename) is not None:
            break
        ask = _ASK.get(code.co_qualname)
        if ask is not None:
            ask(facts, step.f_locals)
            if known is None and "relation" in facts and len(facts) == _ONLY_A_RELATION:
                _remember_place(sql, depth, code)
        depth, step = depth + 1, step.f_back
    return start


def _frame_at(depth: int, code: CodeType) -> FrameType | None:
    try:
        frame = sys._getframe(depth)
    except ValueError:  # the stack is not as deep as it was the last time
        return None
    return frame if frame.f_code is code else None


def _below_wrappers(frame: FrameType) -> tuple[int, FrameType]:
    """The frame that calls the program's own ``execute_wrappers``, and how deep it is."""
    depth, step = _CALLER_DEPTH, frame
    while step.f_code.co_qualname != _WRAPPERS:
        if step.f_back is None:
            return _CALLER_DEPTH, frame
        depth, step = depth + 1, step.f_back
    return depth, step


def _remember_place(sql: Any, depth: int, code: CodeType) -> None:
    if len(_places) >= MAX_PLACES:
        _places.clear()
    _places[sql] = (depth, code)


def _ask_queryset(facts: dict[str, Any], names: Any) -> None:
    """A related manager's queryset knows the field, or the instance, that it started from."""
    if "relation" in facts:
        return
    queryset = names["self"]
    fields = list(queryset._known_related_objects)
    instance = queryset._hints.get("instance")
    if fields:
        facts["relation"] = _reverse(fields[0].remote_field)
    elif instance is not None:
        _ask_many_to_many(facts, instance._meta, queryset.query.alias_map)


def _ask_many_to_many(facts: dict[str, Any], model: Any, tables: Any) -> None:
    for field in model.many_to_many:
        if field.remote_field.through._meta.db_table in tables:
            facts["relation"] = f"{field.model.__name__}.{field.name}"
            return
    for relation in model.related_objects:
        if relation.many_to_many and relation.through._meta.db_table in tables:
            facts["relation"] = _reverse(relation)
            return


def _ask_forward(facts: dict[str, Any], names: Any) -> None:
    field = names["self"].field
    facts.setdefault("relation", f"{field.model.__name__}.{field.name}")


def _ask_reverse_one(facts: dict[str, Any], names: Any) -> None:
    facts.setdefault("relation", _reverse(names["self"].related))


def _reverse(relation: Any) -> str:
    return f"{relation.model.__name__}.{relation.get_accessor_name()}"


def _ask_prefetch(facts: dict[str, Any], names: Any) -> None:
    step = names["lookup"].prefetch_through.split("__")[names["level"]]
    facts.setdefault("relation", f"{type(names['instances'][0]).__name__}.{step}")
    facts["eager"] = True


def _ask_refresh(facts: dict[str, Any], names: Any) -> None:
    facts["reload"] = type(names["self"]).__name__


def _ask_deferred(facts: dict[str, Any], names: Any) -> None:
    facts.pop("reload", None)
    field = names["self"].field
    facts["deferred"] = f"{field.model.__name__}.{field.attname}"


def _ask_template(facts: dict[str, Any], names: Any) -> None:
    node = names["self"]
    facts["template"] = f"{node.origin.template_name or node.origin.name}:{node.token.lineno}"


_ASK: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "QuerySet._fetch_all": _ask_queryset,
    "QuerySet._iterator": _ask_queryset,
    "QuerySet.count": _ask_queryset,
    "QuerySet.exists": _ask_queryset,
    "QuerySet.aggregate": _ask_queryset,
    "ForwardManyToOneDescriptor.get_object": _ask_forward,
    "ReverseOneToOneDescriptor.__get__": _ask_reverse_one,
    "ReverseOneToOneDescriptor.fetch_one": _ask_reverse_one,
    "prefetch_one_level": _ask_prefetch,
    "Model.refresh_from_db": _ask_refresh,
    "DeferredAttribute.__get__": _ask_deferred,
    "DeferredAttribute.fetch_one": _ask_deferred,
    "Node.render_annotated": _ask_template,
}
"""By the qualified name of a function of Django's ORM or templates: what to ask of its frame's variables."""
