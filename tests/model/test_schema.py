import json
from pathlib import Path

from perfkit.model import SCHEMA
from perfkit.model.schema import run_schema

PUBLISHED = Path(__file__).parent.parent.parent / "docs" / "run.schema.json"


def test_the_published_schema_is_the_current_one():
    """To renew it: write json.dumps(run_schema(), indent=1) there."""
    current = json.loads(json.dumps(run_schema()))
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == current
    assert f"schema {SCHEMA}" in current["title"]
