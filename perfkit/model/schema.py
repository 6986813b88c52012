"""The published JSON Schema of a run, made from the structs so that the two cannot drift apart."""

from __future__ import annotations

from typing import Any

import msgspec

from perfkit.model.run import SCHEMA, Run


def run_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the document that ``write_run`` stores."""
    (reference,), components = msgspec.json.schema_components([Run], ref_template="#/$defs/{name}")
    for definition in components.values():
        # Python 3.13 strips the indentation of docstrings, older ones keep it
        definition["description"] = " ".join(definition.get("description", "").split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"perfkit run, schema {SCHEMA}",
        **reference,
        "$defs": components,
    }
