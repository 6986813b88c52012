"""The portal's methods: one file per entity, each with its table and its handlers.

A file offers ``METHODS``, a dict of handlers by lower-case name. A new entity is a new file, a table in
``Store`` and a line in ``METHODS`` here.
"""

from __future__ import annotations

from perfkit.worlds.bitrix24.answers import Answer
from perfkit.worlds.bitrix24.methods import activities, leads, users
from perfkit.worlds.bitrix24.methods.store import Context, Handler, Store

__all__ = ["BATCH", "METHODS", "Context", "Handler", "Store"]

BATCH = "batch"
"""Not a handler: the portal carries it out itself, since it calls the others."""


def _methods(_context: Context) -> Answer:
    return Answer(sorted({*METHODS, BATCH}))


METHODS: dict[str, Handler] = {
    **activities.METHODS,
    **leads.METHODS,
    **users.METHODS,
    "methods": _methods,
}
