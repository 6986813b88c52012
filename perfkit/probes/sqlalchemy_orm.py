"""What SQLAlchemy's ORM tells of a statement in the options it executes it with."""

from __future__ import annotations

import sys
from types import CodeType, FrameType
from typing import Any

_ACCESS = "InstrumentedAttribute.__get__"
_UNKNOWN = (0, None)
_CALLER_DEPTH = 3  # from `access` to the caller of what calls its caller

_accesses: dict[str, tuple[int, CodeType]] = {}
"""Per relation, how many frames there are from ``access`` to the attribute's ``__get__``, and its code."""


def facts_of(load: Any, statement: Any) -> dict[str, Any] | None:
    """What the ORM says of a SELECT in the options it executes it with."""
    try:
        options = statement._compile_options
        path, state = options._current_path.path, load._refresh_state
        if path:
            relation = path[-1]
            facts: dict[str, Any] = {"relation": f"{relation.parent.class_.__name__}.{relation.key}"}
            facts["target"] = relation.entity.class_.__name__
            if load._lazy_loaded_from is None:
                facts["eager"] = True
            return facts
        if state is None:
            return None
        columns = options._only_load_props
        if _is_of_subclass(state, columns):
            base = state.mapper.base_mapper.class_.__name__
            return {"deferred": _shown(state, columns), "subclass_of": base}
        if load._is_user_refresh and _has_column(state.mapper, columns):
            return {"reload": state.class_.__name__}
        if load._is_user_refresh or state.expired_attributes or not columns:
            return {"refresh": True}
        return {"deferred": _shown(state, columns)}
    except Exception:  # what cannot be described is left out
        return None


def _is_of_subclass(state: Any, columns: Any) -> bool:
    """Whether a query for the base class has left out the columns that the object's own class has."""
    return (
        not state.expired
        and bool(columns)
        and set(columns) == set(state.expired_attributes)
        and state.mapper.inherits is not None
        and not any(column in state.mapper.inherits.attrs for column in columns)
    )


def _has_column(mapper: Any, names: Any) -> bool:
    """Whether columns are loaded, all or those named; the key alone comes along with a relation."""
    return not names or any(name in mapper.columns and not mapper.columns[name].primary_key for name in names)


def _shown(state: Any, columns: Any) -> str:
    return f"{state.class_.__name__}.{', '.join(sorted(columns))}"


def access(relation: str, frame: FrameType) -> FrameType:
    """The frame of the attribute's ``__get__``, which the application called; ``frame`` if there is none.

    ``sys._getframe`` goes there at once. To step through the dozen frames between takes microseconds, since
    each becomes an object on being looked at.
    """
    depth, code = _accesses.get(relation, _UNKNOWN)
    if code is not None:
        try:
            known = sys._getframe(depth)
        except ValueError:  # the stack is not as deep as it was the last time
            known = frame
        if known.f_code is code:
            return known
    depth, step = _CALLER_DEPTH, frame
    while step.f_code.co_qualname != _ACCESS:
        if step.f_back is None:
            return frame
        depth, step = depth + 1, step.f_back
    _accesses[relation] = (depth, step.f_code)
    return step
